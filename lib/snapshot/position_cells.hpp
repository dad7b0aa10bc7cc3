#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "livecca/activations/layout.hpp"

namespace livecca {

/// The positions of a grid, a few to a cell where there are many: at most 64 cells. The outermost
/// positions have cells of their own, because layers that pad see other things there.
class PositionCells {
 public:
  explicit PositionCells(const Grid& grid) : extents_{grid.depth, grid.height, grid.width} {
    const auto axes =
        std::ranges::count_if(extents_, [](std::size_t extent) { return extent > 1; });
    const std::size_t most = axes <= 1 ? 64 : axes == 2 ? 8 : 4;
    for (std::size_t axis = 0; axis < 3; ++axis) counts_[axis] = std::min(extents_[axis], most);
  }

  std::size_t size() const { return counts_[0] * counts_[1] * counts_[2]; }

  /// The cell of a position, as choose_positions() has it.
  std::size_t of(std::size_t position) const {
    const std::array<std::size_t, 3> at{position / (extents_[1] * extents_[2]),
                                        position / extents_[2] % extents_[1],
                                        position % extents_[2]};
    std::size_t cell = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      cell = cell * counts_[axis] + along(at[axis], extents_[axis], counts_[axis]);
    }
    return cell;
  }

 private:
  static std::size_t along(std::size_t at, std::size_t extent, std::size_t count) {
    if (extent == count) return at;
    const std::size_t own = count >= 8 ? 2 : 1;  // at each end
    if (at < own) return at;
    if (at >= extent - own) return count - (extent - at);
    return own + (at - own) * (count - 2 * own) / (extent - 2 * own);
  }

  std::array<std::size_t, 3> extents_;
  std::array<std::size_t, 3> counts_{};
};

/// The place of an unordered pair of cells among all.
inline std::size_t entry_of(std::size_t a, std::size_t b) {
  const auto [low, high] = std::minmax(a, b);
  return high * (high + 1) / 2 + low;
}

}  // namespace livecca
