#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// What the axes of a tap's activations mean, in their order: n images (or sequences), c channels
/// (or neurons), d depth, h height, w width (l, where it is the only one), t steps of a sequence.
/// Declared, never guessed from a shape.
enum class Layout : std::uint8_t { nc, ncl, nchw, nhwc, ncdhw, ntc, tnc };

/// "nc", "ncl", …; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Layout layout);
/// ntc and tnc: steps that follow one another, whose number may differ from batch to batch and of
/// which a mask may leave some out.
LIVECCA_EXPORT bool is_sequence(Layout layout);
/// ncl, nchw, nhwc and ncdhw: images of positions.
LIVECCA_EXPORT bool has_positions(Layout layout);

/// Which positions of a convolution become samples: all of them, or a seeded choice that depends
/// only on the seed, the image's place in the stream and the grid's size: the same for every
/// network and every batch size. Of a sequence its valid steps take the grid's place, so that
/// padding does not matter either.
struct Positions {
  std::size_t per_image = 0;  ///< 0: all; a number beyond the grid's means all too
  std::uint64_t seed = 0;

  static Positions all() { return {}; }
  static Positions sampled(std::size_t per_image, std::uint64_t seed = 0) {
    return {per_image, seed};
  }
  friend bool operator==(const Positions&, const Positions&) = default;
};

/// The spatial extents of a tap: 1 × 1 for layout nc, and only a width for layout ncl and for the
/// steps of a sequence.
struct Grid {
  std::size_t height = 1;
  std::size_t width = 1;
  std::size_t depth = 1;

  std::size_t size() const { return depth * height * width; }
  /// "height x width", or "depth x height x width" where there is a depth.
  LIVECCA_EXPORT std::string text() const;
  friend bool operator==(const Grid&, const Grid&) = default;
};

/// What a view is under a layout.
struct ActivationShape {
  std::size_t images = 0;
  std::size_t features = 0;  ///< neurons or channels
  Grid grid;
};

/// Reads a view's shape under a layout. Fails on a wrong number of axes, no features, no positions,
/// or more values an image than can be counted.
LIVECCA_EXPORT Result<ActivationShape> read_shape(const ActivationView& view, Layout layout);

/// The positions (flat indices (d·height + h)·width + w, ascending) taken of image number `image`
/// of a stream. Cost: O(per_image log per_image). Replaces the content of `out`.
LIVECCA_EXPORT void choose_positions(const Positions& positions, Grid grid, std::uint64_t image,
                                     std::vector<std::size_t>& out);

/// A seeded choice of `count` out of `width` features (ascending indices): what a tap that is too
/// wide is cut to. Depends on its arguments alone. Replaces the content of `out`.
LIVECCA_EXPORT void choose_features(std::size_t width, std::size_t count, std::uint64_t seed,
                                    std::vector<std::size_t>& out);

/// How many rows one image gives.
LIVECCA_EXPORT std::size_t rows_per_image(const Positions& positions, Grid grid);

}  // namespace livecca
