#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "livecca/activations/row_source.hpp"

namespace livecca {

/// Which steps of which sequences have a row.
struct SequenceSteps {
  std::size_t width = 0;            ///< steps of every sequence, there or not
  std::vector<std::uint8_t> there;  ///< sequences × width: 1 if there is a row

  std::uint64_t sequences() const { return width == 0 ? 0 : there.size() / width; }
  /// The same steps with the width raised to at least `steps`. The added steps are not there.
  SequenceSteps widened(std::size_t steps) const;
};

/// Gives a row for every step of every sequence. Steps that are there take the next row of another
/// source. The others are zero and not valid(). So a row's index says its sequence and its step.
///
/// Thread safety: none.
class SequenceRows : public RowSource {
 public:
  /// `rows` has as many rows as there are steps. Never null.
  SequenceRows(std::shared_ptr<RowSource> rows, SequenceSteps steps);

  std::uint64_t rows() const override { return steps_.there.size(); }
  std::size_t features() const override { return rows_->features(); }
  std::size_t rows_per_image() const override { return steps_.width; }
  Grid grid() const override { return {.height = 1, .width = steps_.width, .depth = 1}; }
  Result<ActivationView> read(std::uint64_t first, std::uint64_t count) override;
  std::span<const std::uint8_t> valid(std::uint64_t first, std::uint64_t count) override;

 private:
  bool has(std::uint64_t first, std::uint64_t count) const {
    return first <= rows() && count <= rows() - first;
  }
  /// The number of rows of the source before this row.
  std::uint64_t rows_before(std::uint64_t row) const;

  std::shared_ptr<RowSource> rows_;
  SequenceSteps steps_;
  std::vector<std::uint64_t> first_rows_;  ///< rows before each sequence
  std::vector<std::uint8_t> valid_;        ///< empty: all rows that are there are valid
  std::vector<std::byte> bytes_;
};

}  // namespace livecca
