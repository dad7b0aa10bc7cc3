#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/files/spool_file.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "packs/half_scaling.hpp"

namespace livecca {

/// One layer's rows on their way into a pack, in a spool file that layers share: float64 as
/// float64, all others as float32, so nothing is rounded.
///
/// A layer whose rows are the steps of sequences may have other steps in every sequence. If it has,
/// it is_by_step(): the spool then knows the step of each row.
///
/// Memory: a block of rows, O(features), a few numbers a batch, and behind a mask one byte a row.
/// For steps of sequences: four bytes a row and eight a sequence.
class LayerSpool {
 public:
  /// `file` has to outlive this.
  LayerSpool(SpoolFile& file, std::string name);

  /// Appends packed rows (before centring). Fails if they are not like those before or if the disk
  /// fails. The reason begins with the pack's path.
  Result<void> append(const Reading& reading, const PackedRows& rows, std::uint64_t feature_seed);

  /// Of all that was appended; `stored` is the type in the spool, `rows` counts those in the spool.
  const RecordedLayer& facts() const { return facts_; }
  std::uint64_t images() const { return images_; }
  /// Whether sequences have other steps than one another.
  bool is_by_step() const { return facts_.is_by_step; }
  /// The first row of an image. first_row(images()) is the number of all rows.
  std::uint64_t first_row(std::uint64_t image) const {
    return first_rows_.empty() ? image * facts_.rows_per_image : first_rows_[image];
  }
  /// One entry for each of facts().grid.width steps of a sequence: 1 if there is a row of it.
  void steps_of(std::uint64_t sequence, std::span<std::uint8_t> there) const;
  std::uint64_t nonfinite_rows() const { return nonfinite_rows_; }
  /// Over the finite rows that are valid.
  const ValueRange& range() const { return range_; }
  /// One entry a row; empty if all are valid.
  const std::vector<std::uint8_t>& valid() const { return valid_; }

  /// Rows first … first + count − 1 as they lie in the spool.
  Result<void> read(std::uint64_t first, std::uint64_t count, std::vector<std::byte>& into) const;

 private:
  /// Rows that lie together: from row number `first` on, from `offset` on in the file.
  struct Run {
    std::uint64_t first;
    std::uint64_t offset;
  };

  void begin(const Reading& reading, const PackedRows& rows, std::uint64_t feature_seed);
  Result<void> check_fits(const Reading& reading, const PackedRows& rows,
                          std::uint64_t feature_seed) const;
  template <typename Number>
  Result<void> append_rows(const PackedRows& rows);
  void append_steps(const PackedRows& rows);
  void append_valid(std::span<const std::uint8_t> valid, std::size_t rows);
  std::uint64_t row_bytes() const { return facts_.features * size_of(facts_.stored); }

  SpoolFile& file_;
  RecordedLayer facts_;
  std::uint64_t nonfinite_rows_ = 0;
  ValueRange range_;
  std::vector<std::uint8_t> valid_;
  std::uint64_t images_ = 0;
  bool has_steps_ = false;  ///< rows are steps of sequences
  // Empty if they are not:
  std::vector<std::uint64_t> first_rows_;  ///< images_ + 1
  std::vector<std::uint32_t> row_steps_;   ///< the step of each row
  std::vector<Run> runs_;
};

}  // namespace livecca
