#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/files/input_file.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

// The safetensors container: named arrays behind a JSON header.
//
//     8 bytes   length of the header, little-endian
//     header    JSON: "__metadata__" with strings, then name, dtype, shape and place of each tensor
//     data      the tensors, C order, little-endian, without gaps

/// Bytes that hold the header's length.
inline constexpr std::size_t safetensors_length_bytes = 8;

struct SafetensorsTensor {
  std::string name;
  /// A type that the format knows: F64, BF16, I64, U8, BOOL, C64, F8_E5M2, F4, …
  std::string dtype;
  std::vector<std::uint64_t> shape;
  /// First byte and the one after the last, counted from where the data begin.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool operator==(const SafetensorsTensor&) const = default;
};

/// A header that was checked: the tensors' types, shapes and places agree with each other and with
/// the size of the file.
struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  /// In the order of their data.
  std::vector<SafetensorsTensor> tensors;
  /// Where in the file the data begin.
  std::uint64_t data_begin = 0;

  /// Null if there is none. Cost: linear in the tensors.
  const SafetensorsTensor* find(std::string_view name) const;
};

/// A stranger's text for a message: in quotes, short and in one line. Whatever is not printable
/// ASCII is escaped, so that a terminal acts on none of it.
std::string in_quotes(std::string_view text);

/// Metadata in the order in which they are to be written.
using SafetensorsMetadata = std::vector<std::pair<std::string, std::string>>;

/// What a file begins with: the eight bytes of the length and the header, padded with spaces so
/// that the data begin at a multiple of 8, or at `room` bytes if it is not 0 (to write the data
/// before the header is known). Fails if it does not fit that room, or if it is a header that
/// parse_safetensors_header() would refuse.
Result<std::string> write_safetensors_header(const SafetensorsMetadata& metadata,
                                             const std::vector<SafetensorsTensor>& tensors,
                                             std::size_t room = 0);

/// Takes the header of a file of `file_bytes` bytes apart. Holds against any text: what is not a
/// header is refused, in memory and time that grow with the text. A failure reads "expected …,
/// got …" in one line without a path.
///
/// Stricter than the format: tensors have no fields but the three it names, shapes have at most 64
/// dimensions, and dimensions multiply to a number of bytes below 2^64 even where one of them is 0.
Result<SafetensorsHeader> parse_safetensors_header(std::string_view json_text,
                                                   std::uint64_t file_bytes);

/// The header of a file, and the JSON that it was taken from.
struct SafetensorsHeaderInFile {
  SafetensorsHeader header;
  std::string text;
};

/// Reads the header of a file. Takes no more memory than the file has bytes, some times over. A
/// failure begins with the file's path.
Result<SafetensorsHeaderInFile> read_safetensors_header(const InputFile& file);

}  // namespace livecca
