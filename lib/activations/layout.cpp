#include "livecca/activations/layout.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "activations/layout_axes.hpp"
#include "activations/split_mix.hpp"

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

std::size_t rows_per_image(const Positions& positions, Grid grid) {
  if (positions.per_image == 0) return grid.size();
  return std::min(positions.per_image, grid.size());
}

namespace {

// From here on a hash table finds what was drawn before faster than a sorted list takes it in.
constexpr std::size_t many = 1024;

/// Floyd's sampling without replacement of `count` out of `population`, ascending: `count` draws,
/// no table of the whole population. The modulo's bias is below 2^-40 for any real size.
void draw(SplitMix random, std::size_t population, std::size_t count,
          std::vector<std::size_t>& out) {
  std::unordered_set<std::size_t> drawn;
  for (std::size_t upper = population - count; upper < population; ++upper) {
    const auto candidate = static_cast<std::size_t>(random.next() % (upper + 1));
    if (count > many) {
      if (!drawn.insert(candidate).second) drawn.insert(upper);
      continue;
    }
    const auto place = std::lower_bound(out.begin(), out.end(), candidate);
    if (place != out.end() && *place == candidate) {
      out.push_back(upper);  // larger than all before it, so the order holds
    } else {
      out.insert(place, candidate);
    }
  }
  if (count <= many) return;
  out.assign(drawn.begin(), drawn.end());
  std::ranges::sort(out);
}

void take_all(std::size_t population, std::vector<std::size_t>& out) {
  out.resize(population);
  std::iota(out.begin(), out.end(), std::size_t{0});
}

}  // namespace

void choose_positions(const Positions& positions, Grid grid, std::uint64_t image,
                      std::vector<std::size_t>& out) {
  const std::size_t count = rows_per_image(positions, grid);
  out.clear();
  if (count == grid.size()) return take_all(count, out);
  draw(SplitMix(SplitMix(positions.seed).next() ^ (image * 0xD1342543DE82EF95U + 1U)), grid.size(),
       count, out);
}

void choose_features(std::size_t width, std::size_t count, std::uint64_t seed,
                     std::vector<std::size_t>& out) {
  out.clear();
  if (count >= width) return take_all(width, out);
  draw(SplitMix(SplitMix(seed).next() ^ width), width, count, out);
}

}  // namespace livecca
