#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/atomic_file.hpp"
#include "common/input_file.hpp"
#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/row_source.hpp"

namespace livecca {

/// Writes one tap's probe rows as a safetensors file: one tensor `rows`, samples × features, with
/// the positions they came from in the metadata. float64 activations are kept as float64 and all
/// others as float32, so nothing is rounded. The file appears under its name only when it is whole.
///
/// Rows that a mask left out are zeros; a second tensor `valid`, U8, is then there and 0 for them.
/// The metadata's grid_depth is there only if it is not 1.
///
///     8 bytes   length of the header, little-endian; always 4,088
///     4,088     JSON header, padded with spaces
///     n·d·4|8   rows, C order, little-endian
///     n         valid, if a row is not
class RecordedRowsWriter {
 public:
  /// Its folder is made with the first rows. What is not finished leaves no file.
  explicit RecordedRowsWriter(std::filesystem::path path);

  /// Appends packed rows (before centring). False if the shape changed, images have rows of
  /// different number (steps behind a mask) or the disk failed; the file is then lost.
  bool append(const PackedRows& rows, std::string& why);
  /// Writes the header and gives the file its name.
  bool finish(std::string& why);

  std::uint64_t bytes() const { return bytes_; }

 private:
  void begin(const PackedRows& rows);
  bool fits(const PackedRows& rows, std::string& why) const;

  AtomicFile file_;
  std::uint64_t bytes_ = 0;
  std::uint64_t rows_ = 0;
  std::size_t features_ = 0;
  std::size_t rows_per_image_ = 0;
  Grid grid_;
  DType dtype_ = DType::float32;
  std::vector<std::byte> buffer_;
  std::vector<std::uint8_t> valid_;  ///< one entry a row, if any of them is not; else empty
};

/// A finished file.
class RecordedRows : public RowSource {
 public:
  /// Null if the file cannot be read as RecordedRowsWriter writes it; `why` then says what was
  /// expected.
  static std::shared_ptr<RecordedRows> open(const std::filesystem::path& path, std::string& why);

  std::uint64_t rows() const override { return rows_; }
  std::size_t features() const override { return features_; }
  std::size_t rows_per_image() const override { return rows_per_image_; }
  Grid grid() const override { return grid_; }
  std::optional<ActivationView> read(std::uint64_t first, std::uint64_t count,
                                     std::string& why) override;
  std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count) override;

 private:
  explicit RecordedRows(InputFile file) : file_(std::move(file)) {}
  bool read_header(std::string& why);

  InputFile file_;
  std::vector<std::byte> buffer_;
  DType dtype_ = DType::float32;
  std::uint64_t rows_ = 0;
  std::size_t features_ = 0;
  std::size_t rows_per_image_ = 0;
  Grid grid_;
  std::vector<std::uint8_t> valid_;  ///< empty: all rows are
};

}  // namespace livecca
