#include "moments/step_rows.hpp"

#include <algorithm>

namespace livecca {
namespace {

/// Taps whose rows pair with one another share one mask.
struct RowSpace {
  const PackedRows* example;
  std::vector<std::uint8_t> keep;
};

RowSpace& space_of(const PackedRows& rows, std::vector<RowSpace>& spaces) {
  for (RowSpace& space : spaces) {
    if (rows_pair(*space.example, rows)) return space;
  }
  spaces.push_back({&rows, std::vector<std::uint8_t>(rows.rows(), 1)});
  return spaces.back();
}

std::vector<std::uint8_t> whole_images(const RowSpace& space) {
  const std::size_t rows_an_image = space.example->rows_per_image();
  std::vector<std::uint8_t> whole(space.example->images(), 1);
  for (std::size_t row = 0; row < space.keep.size(); ++row) {
    if (space.keep[row] == 0) whole[row / rows_an_image] = 0;
  }
  return whole;
}

void drop_images(RowSpace& space, std::span<const std::uint8_t> whole) {
  const std::size_t rows_an_image = space.example->rows_per_image();
  for (std::size_t row = 0; row < space.keep.size(); ++row) {
    if (whole[row / rows_an_image] == 0) space.keep[row] = 0;
  }
}

}  // namespace

double nonfinite_share(const PackedRows& rows) {
  if (rows.finite().empty()) return 0;
  const auto bad = std::ranges::count(rows.finite(), std::uint8_t{0});
  return static_cast<double>(bad) / static_cast<double>(rows.finite().size());
}

bool rows_pair(const PackedRows& a, const PackedRows& b) {
  return a.images() == b.images() && a.grid() == b.grid() &&
         a.rows_per_image() == b.rows_per_image();
}

std::vector<std::vector<std::uint8_t>> make_masks(std::span<const PackedRows* const> taps) {
  std::vector<RowSpace> spaces;
  for (const PackedRows* tap : taps) {
    RowSpace& space = space_of(*tap, spaces);
    for (std::size_t row = 0; row < space.keep.size(); ++row) space.keep[row] &= tap->finite()[row];
  }
  // The images lost in each space are found before any is dropped, so the order does not matter.
  std::vector<std::vector<std::uint8_t>> whole;
  whole.reserve(spaces.size());
  for (const RowSpace& space : spaces) whole.push_back(whole_images(space));
  for (std::size_t to = 0; to < spaces.size(); ++to) {
    for (std::size_t from = 0; from < spaces.size(); ++from) {
      if (from != to && whole[from].size() == spaces[to].example->images()) {
        drop_images(spaces[to], whole[from]);
      }
    }
  }
  std::vector<std::vector<std::uint8_t>> masks;
  masks.reserve(taps.size());
  for (const PackedRows* tap : taps) masks.push_back(space_of(*tap, spaces).keep);
  return masks;
}

}  // namespace livecca
