#include "livecca/activations/layout.hpp"

#include "activations/layout_axes.hpp"

namespace livecca {
namespace {

std::string text_of(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  }
  return text + ")";
}

}  // namespace

const char* name_of(Layout layout) { return letters_of(layout); }

bool is_sequence(Layout layout) { return axes_of(layout).is_sequence; }

bool has_positions(Layout layout) {
  const LayoutAxes axes = axes_of(layout);
  return axes.width != LayoutAxes::none && !axes.is_sequence;
}

std::string Grid::text() const {
  std::string text = depth == 1 ? "" : std::to_string(depth) + " x ";
  return text + std::to_string(height) + " x " + std::to_string(width);
}

Result<ActivationShape> read_shape(const ActivationView& view, Layout layout) {
  const LayoutAxes axes = axes_of(layout);
  if (axes.count == 0) {
    return Failure{"expected a layout, got the number " + std::to_string(static_cast<int>(layout))};
  }
  const auto extents = view.shape();
  if (extents.size() != axes.count) {
    return Failure{"expected " + std::to_string(axes.count) + " axes for layout " +
                   name_of(layout) + ", got shape " + text_of(extents)};
  }
  const auto extent = [&](std::size_t axis) {
    return axis == LayoutAxes::none ? std::size_t{1} : static_cast<std::size_t>(extents[axis]);
  };
  ActivationShape shape;
  shape.images = extent(axes.image);
  shape.features = extent(axes.feature);
  shape.grid = {
      .height = extent(axes.height), .width = extent(axes.width), .depth = extent(axes.depth)};
  // A broadcast axis may promise more values than there are numbers to count them with.
  std::size_t values = shape.features;
  for (const std::size_t extent_of_grid : {shape.grid.depth, shape.grid.height, shape.grid.width}) {
    if (!__builtin_mul_overflow(values, extent_of_grid, &values)) continue;
    return Failure{"expected fewer than 2^64 values an image, got shape " + text_of(extents)};
  }
  if (values == 0) {
    return Failure{"expected at least one feature and one position, got shape " + text_of(extents)};
  }
  return shape;
}

}  // namespace livecca
