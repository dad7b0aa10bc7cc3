#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/input_file.hpp"
#include "common/files/safetensors.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

// A checksum in the metadata of a safetensors file: "checksum", and "crc32c:" with 8 hexadecimal
// digits. It is that of the header's text, with zeros for these digits, followed by the data.

inline constexpr const char* checksum_name = "checksum";
/// What is written first, until it is known.
inline constexpr const char* unknown_checksum = "crc32c:00000000";

/// Where the digits lie in a header's text; nothing if that is not plain.
std::optional<std::size_t> find_checksum_digits(std::string_view text);

/// Reads the whole file. Fails, with the file's path, if its header has no checksum or that of
/// other contents.
Result<void> check_checksum(const InputFile& file, const SafetensorsHeaderInFile& header);

}  // namespace livecca
