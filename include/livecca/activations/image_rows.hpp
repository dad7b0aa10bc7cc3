#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/export.hpp"

namespace livecca {

/// The rows of one image of a tap.
struct ImageRows {
  std::vector<double> values;          ///< rows × features; the features of a row lie together
  std::vector<std::size_t> positions;  ///< of each row, as choose_positions() has them
};

/// Puts the packed rows of one image into `into`, but for those that are no samples: not finite, or
/// left out by a mask. `into.positions` has the positions of all packed rows, one each.
LIVECCA_EXPORT void take_samples(const PackedRows& packed, ImageRows& into);

/// The images that moments were made of, to be read again one by one. A solve finds out from some
/// of them how much the positions of an image depend on each other.
///
/// Thread safety: one thread at a time reads; another tap's images may be read by another thread.
struct ImagesAgain {
  std::uint64_t images = 0;
  Grid grid{};  ///< of the positions
  /// Replaces the content of `into`. Leaves out rows that are no samples. Returns false if the
  /// image cannot be read.
  std::function<bool(std::uint64_t image, ImageRows& into)> read;
};

}  // namespace livecca
