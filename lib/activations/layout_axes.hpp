#pragma once

#include <cstddef>
#include <cstdint>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"

namespace livecca {

/// Which axis of a view is which; absent ones are named by `none`. The steps of a sequence are its
/// width.
struct LayoutAxes {
  static constexpr std::size_t none = 99;

  std::size_t count;
  std::size_t image;
  std::size_t feature;
  std::size_t depth = none;
  std::size_t height = none;
  std::size_t width = none;
};

constexpr LayoutAxes axes_of(Layout layout) {
  switch (layout) {
    case Layout::nc:
      break;
    case Layout::nchw:
      return {.count = 4, .image = 0, .feature = 1, .height = 2, .width = 3};
    case Layout::nhwc:
      return {.count = 4, .image = 0, .feature = 3, .height = 1, .width = 2};
    case Layout::ncl:
      return {.count = 3, .image = 0, .feature = 1, .width = 2};
    case Layout::ncdhw:
      return {.count = 5, .image = 0, .feature = 1, .depth = 2, .height = 3, .width = 4};
    case Layout::ntc:
      return {.count = 3, .image = 0, .feature = 2, .width = 1};
    case Layout::tnc:
      return {.count = 3, .image = 1, .feature = 2, .width = 0};
  }
  return {.count = 2, .image = 0, .feature = 1};
}

/// Where a view's elements lie: one stride an axis, 0 for absent ones, in elements.
struct Addresses {
  std::int64_t image;
  std::int64_t feature;
  std::int64_t depth;
  std::int64_t height;
  std::int64_t width;

  /// Of the position of that flat index in a grid.
  std::int64_t of_position(std::size_t position, const Grid& grid) const {
    const std::size_t row = position / grid.width;
    return static_cast<std::int64_t>(position % grid.width) * width +
           static_cast<std::int64_t>(row % grid.height) * height +
           static_cast<std::int64_t>(row / grid.height) * depth;
  }
};

inline Addresses addresses_of(const ActivationView& view, Layout layout) {
  const LayoutAxes axes = axes_of(layout);
  const auto stride = [&](std::size_t axis) -> std::int64_t {
    return axis == LayoutAxes::none ? 0 : view.strides()[axis];
  };
  return {.image = stride(axes.image),
          .feature = stride(axes.feature),
          .depth = stride(axes.depth),
          .height = stride(axes.height),
          .width = stride(axes.width)};
}

}  // namespace livecca
