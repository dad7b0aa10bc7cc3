#include "moments/panel/step_rows.hpp"

#include <algorithm>

namespace livecca {

double nonfinite_share(const PackedRows& rows) {
  const auto valid = rows.valid().empty() ? static_cast<std::ptrdiff_t>(rows.finite().size())
                                          : std::ranges::count(rows.valid(), std::uint8_t{1});
  if (valid == 0) return 0;
  // A row that is not valid counts as finite: it was not looked at.
  const auto bad = std::ranges::count(rows.finite(), std::uint8_t{0});
  return static_cast<double>(bad) / static_cast<double>(valid);
}

std::size_t StepMasks::find_space(const PackedRows& rows) {
  for (std::size_t i = 0; i < space_count_; ++i) {
    if (spaces_[i].example->pairs_with(rows)) return i;
  }
  if (space_count_ == spaces_.size()) spaces_.emplace_back();
  RowSpace& space = spaces_[space_count_];
  space.example = &rows;
  space.keep.reserve(rows.most_rows());
  space.keep.assign(rows.finite().size(), 1);
  space.whole.assign(rows.images(), 1);
  return space_count_++;
}

void StepMasks::make(std::span<const PackedRows* const> taps, std::span<const Pair> pairs) {
  drop_nonfinite(taps);
  drop_images();
  connect(taps.size(), pairs);
  drop_invalid(taps);
}

void StepMasks::drop_nonfinite(std::span<const PackedRows* const> taps) {
  space_count_ = 0;
  space_of_.clear();
  for (const PackedRows* tap : taps) {
    space_of_.push_back(find_space(*tap));
    RowSpace& space = spaces_[space_of_.back()];
    for (std::size_t row = 0; row < space.keep.size(); ++row) space.keep[row] &= tap->finite()[row];
  }
}

void StepMasks::drop_images() {
  // The images lost in each space are found before any is dropped, so the order does not matter.
  const std::span spaces(spaces_.data(), space_count_);
  for (RowSpace& space : spaces) {
    for (std::size_t image = 0; image < space.whole.size(); ++image) {
      const std::size_t end = space.example->first_row(image + 1);
      for (std::size_t row = space.example->first_row(image); row < end; ++row) {
        space.whole[image] &= space.keep[row];
      }
    }
  }
  for (RowSpace& to : spaces) {
    for (const RowSpace& from : spaces) {
      if (&from == &to || from.whole.size() != to.whole.size()) continue;
      for (std::size_t image = 0; image < to.whole.size(); ++image) {
        if (from.whole[image] != 0) continue;
        const auto row = [&](std::size_t number) {
          return to.keep.begin() + static_cast<std::ptrdiff_t>(to.example->first_row(number));
        };
        std::fill(row(image), row(image + 1), std::uint8_t{0});
      }
    }
  }
}

std::size_t StepMasks::root_of(std::size_t tap) const {
  while (parent_[tap] != tap) tap = parent_[tap];
  return tap;
}

void StepMasks::connect(std::size_t taps, std::span<const Pair> pairs) {
  parent_.resize(taps);
  for (std::size_t tap = 0; tap < taps; ++tap) parent_[tap] = tap;
  for (const Pair& pair : pairs) {
    const std::size_t x = root_of(pair.x);
    const std::size_t y = root_of(pair.y);
    parent_[std::max(x, y)] = std::min(x, y);
  }
  // Straight to the roots, so that a chain of pairs is walked once.
  for (std::size_t tap = 0; tap < taps; ++tap) parent_[tap] = root_of(parent_[tap]);
}

StepMasks::MaskedGroup& StepMasks::group_of(std::size_t tap, const PackedRows& rows) {
  std::size_t& place = group_of_[parent_[tap]];
  if (place != none) return groups_[place];
  if (group_count_ == groups_.size()) groups_.emplace_back();
  place = group_count_++;
  groups_[place].keep.reserve(rows.most_rows());
  groups_[place].keep.assign(rows.finite().size(), 1);
  return groups_[place];
}

void StepMasks::drop_invalid(std::span<const PackedRows* const> taps) {
  group_count_ = 0;
  group_of_.assign(taps.size(), none);
  for (std::size_t tap = 0; tap < taps.size(); ++tap) {
    const auto valid = taps[tap]->valid();
    if (valid.empty()) continue;
    MaskedGroup& group = group_of(tap, *taps[tap]);
    for (std::size_t row = 0; row < valid.size(); ++row) group.keep[row] &= valid[row];
  }
  for (std::size_t tap = 0; tap < taps.size(); ++tap) {
    if (parent_[tap] != tap || group_of_[tap] == none) continue;
    MaskedGroup& group = groups_[group_of_[tap]];
    group.valid_rows = static_cast<std::size_t>(std::ranges::count(group.keep, std::uint8_t{1}));
    const std::vector<std::uint8_t>& finite = spaces_[space_of_[tap]].keep;
    for (std::size_t row = 0; row < finite.size(); ++row) group.keep[row] &= finite[row];
  }
}

std::span<const std::uint8_t> StepMasks::of(std::size_t tap) const {
  const std::size_t group = group_of_[parent_[tap]];
  return group == none ? spaces_[space_of_[tap]].keep : groups_[group].keep;
}

std::size_t StepMasks::valid_rows(std::size_t tap) const {
  const std::size_t group = group_of_[parent_[tap]];
  return group == none ? spaces_[space_of_[tap]].keep.size() : groups_[group].valid_rows;
}

}  // namespace livecca
