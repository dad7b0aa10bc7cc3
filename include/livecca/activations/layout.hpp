#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// The meaning of a tap's axes, in their order: n images (or sequences), c channels (or neurons), d
/// depth, h height, w width, l the only spatial axis, t steps of a sequence. The user declares the
/// layout, because a shape does not tell it. Only libtorch::tap() without a reading takes it from
/// the number of axes, as documented there.
enum class Layout : std::uint8_t { nc, ncl, nchw, nhwc, ncdhw, ntc, tnc };

/// "nc", "ncl", …; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Layout layout);
/// True for ntc and tnc. The number of steps may differ from batch to batch, and a mask may leave
/// steps out.
LIVECCA_EXPORT bool is_sequence(Layout layout);
/// True for ncl, nchw, nhwc and ncdhw, which are images with positions.
LIVECCA_EXPORT bool has_positions(Layout layout);

/// Says which positions of a convolution become samples: all of them, or a seeded choice. The
/// choice depends only on the seed, the image's number in its stream and the grid's size. So it is
/// the same for every network and every batch size. For a sequence, the choice is made among its
/// valid steps, so it does not depend on padding.
struct Positions {
  std::size_t per_image = 0;  ///< 0, or more than there are: all
  std::uint64_t seed = 0;

  static Positions all() { return {}; }
  static Positions sampled(std::size_t per_image, std::uint64_t seed = 0) {
    return {per_image, seed};
  }
  friend bool operator==(const Positions&, const Positions&) = default;
};

/// The spatial extents of a tap. 1 × 1 for layout nc. Layout ncl and sequences have only a width.
struct Grid {
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t depth = 1;

  std::size_t size() const { return depth * height * width; }
  /// For example "height x width", or "depth x height x width" if the depth is not 1.
  LIVECCA_EXPORT std::string text() const;
  friend bool operator==(const Grid&, const Grid&) = default;
};

/// The shape of a view, read by its layout.
struct ActivationShape {
  std::size_t images = 0;
  std::size_t features = 0;  ///< neurons or channels
  Grid grid;
};

/// Reads a view's shape by its layout. Fails if the number of axes is wrong, if there are no
/// features or no positions, or if one image has more values than can be counted.
LIVECCA_EXPORT Result<ActivationShape> read_shape(const ActivationView& view, Layout layout);

/// The chosen positions of image number `image` of a stream, as ascending flat indices (d·height +
/// h)·width + w. Replaces the content of `out`. Cost: O(per_image log per_image).
LIVECCA_EXPORT void choose_positions(const Positions& positions, Grid grid, std::uint64_t image,
                                     std::vector<std::size_t>& out);

/// A seeded choice of `count` out of `width` features, as ascending indices. It says which features
/// a tap keeps that is too wide. Depends only on its arguments. Replaces the content of `out`.
LIVECCA_EXPORT void choose_features(std::size_t width, std::size_t count, std::uint64_t seed,
                                    std::vector<std::size_t>& out);

/// The number of rows that one image gives.
LIVECCA_EXPORT std::size_t rows_per_image(const Positions& positions, Grid grid);

}  // namespace livecca
