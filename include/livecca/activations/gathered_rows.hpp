#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"

namespace livecca {

/// Says which rows a step takes of its taps. A hook that knows it can gather them where the
/// activations lie, e.g. in the memory of a GPU, and bring these rows only.
struct RowChoice {
  std::uint64_t first_image = 0;  ///< the number of the batch's first image in its stream
  double images_share = 1;        ///< of a batch, (0, 1]: its first images are taken
  Positions positions;            ///< of each image; see choose_positions()
  std::size_t max_features = 0;   ///< of a wider tap so many; 0: all. See choose_features()
  std::uint64_t feature_seed = 0;

  /// How many images of a batch are taken.
  std::size_t images(std::size_t all) const {
    return std::min(all,
                    static_cast<std::size_t>(std::ceil(images_share * static_cast<double>(all))));
  }
};

/// Rows of an activation that were gathered before livecca sees them. It borrows all its memory.
///
/// Each image has as many consecutive rows as the reading gives at most: rows_per_image() of the
/// reading and the grid. If a mask leaves fewer steps to choose from, an image's last rows may hold
/// anything. So may the row of a sequence that has no valid step.
struct GatheredRows {
  /// images · rows per image × features. Of a tap that is too wide, the chosen features only.
  ActivationView values;
  /// The shape of the activation, of the images that were gathered.
  ActivationShape shape;
  /// Of each row the position or step that it comes from, so that a choice other than livecca's is
  /// refused. Empty if the reading flattens images.
  std::span<const std::int64_t> positions;
};

}  // namespace livecca
