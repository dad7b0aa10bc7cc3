#pragma once

#include <cstddef>
#include <cstdint>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"

namespace livecca {

/// A layout's axes, a letter each in their order: n images (or sequences), c features, d depth,
/// h height, w or l width, t steps. All else that is known of a layout follows from its letters, so
/// a new layout is an enumerator and its line here.
constexpr const char* letters_of(Layout layout) {
  switch (layout) {
    case Layout::nc:
      return "nc";
    case Layout::ncl:
      return "ncl";
    case Layout::nchw:
      return "nchw";
    case Layout::nhwc:
      return "nhwc";
    case Layout::ncdhw:
      return "ncdhw";
    case Layout::ntc:
      return "ntc";
    case Layout::tnc:
      return "tnc";
  }
  return nullptr;
}

/// Which axis of a view is which; absent ones are named by `none`. The steps of a sequence are its
/// width.
struct LayoutAxes {
  static constexpr std::size_t none = 99;

  std::size_t count = 0;
  std::size_t image = none;
  std::size_t feature = none;
  std::size_t depth = none;
  std::size_t height = none;
  std::size_t width = none;
  bool is_sequence = false;

  /// Images lie one after the other; otherwise their values are interleaved.
  constexpr bool images_first() const { return image == 0; }
};

/// Without any axis for a number that is no layout.
constexpr LayoutAxes axes_of(Layout layout) {
  LayoutAxes axes;
  const char* letters = letters_of(layout);
  if (letters == nullptr) return axes;
  for (const char* letter = letters; *letter != '\0'; ++letter) {
    const std::size_t axis = axes.count++;
    switch (*letter) {
      case 'n':
        axes.image = axis;
        break;
      case 'c':
        axes.feature = axis;
        break;
      case 'd':
        axes.depth = axis;
        break;
      case 'h':
        axes.height = axis;
        break;
      case 't':
        axes.is_sequence = true;
        [[fallthrough]];
      default:
        axes.width = axis;
    }
  }
  return axes;
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
