#include "moments/step_rows.hpp"

#include <algorithm>

namespace livecca {

double nonfinite_share(const PackedRows& rows) {
  if (rows.finite().empty()) return 0;
  const auto bad = std::ranges::count(rows.finite(), std::uint8_t{0});
  return static_cast<double>(bad) / static_cast<double>(rows.finite().size());
}

bool rows_pair(const PackedRows& a, const PackedRows& b) {
  return a.images() == b.images() && a.grid() == b.grid() &&
         a.rows_per_image() == b.rows_per_image();
}

std::size_t StepMasks::find_space(const PackedRows& rows) {
  for (std::size_t i = 0; i < space_count_; ++i) {
    if (rows_pair(*spaces_[i].example, rows)) return i;
  }
  if (space_count_ == spaces_.size()) spaces_.emplace_back();
  RowSpace& space = spaces_[space_count_];
  space.example = &rows;
  space.keep.assign(rows.finite().size(), 1);
  space.whole.assign(rows.images(), 1);
  return space_count_++;
}

void StepMasks::make(std::span<const PackedRows* const> taps) {
  space_count_ = 0;
  space_of_.clear();
  for (const PackedRows* tap : taps) {
    space_of_.push_back(find_space(*tap));
    RowSpace& space = spaces_[space_of_.back()];
    for (std::size_t row = 0; row < space.keep.size(); ++row) space.keep[row] &= tap->finite()[row];
  }
  // The images lost in each space are found before any is dropped, so the order does not matter.
  const std::span spaces(spaces_.data(), space_count_);
  for (RowSpace& space : spaces) {
    for (std::size_t row = 0; row < space.keep.size(); ++row) {
      if (space.keep[row] == 0) space.whole[row / space.example->rows_per_image()] = 0;
    }
  }
  for (RowSpace& to : spaces) {
    for (const RowSpace& from : spaces) {
      if (&from == &to || from.whole.size() != to.whole.size()) continue;
      for (std::size_t row = 0; row < to.keep.size(); ++row) {
        to.keep[row] &= from.whole[row / to.example->rows_per_image()];
      }
    }
  }
}

}  // namespace livecca
