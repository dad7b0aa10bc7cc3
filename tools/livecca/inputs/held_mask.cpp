#include "inputs/held_mask.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "activations/layout_axes.hpp"
#include "inputs/input_error.hpp"
#include "inputs/npy_file.hpp"
#include "livecca/activations/packed_rows.hpp"

namespace livecca::tool {
namespace {

/// All numbers of a small file, row by row, however they lie in it. Of one axis each number is a
/// row.
std::vector<double> values_of(NpyFile& file) {
  const auto rows = static_cast<std::size_t>(file.shape()[0]);
  const ActivationView entries = file.entries(0, rows);
  std::array<std::int64_t, 2> extents{file.shape()[0], 1};
  std::array<std::int64_t, 2> strides{1, 1};
  std::ranges::copy(entries.shape(), extents.begin());
  std::ranges::copy(entries.strides(), strides.begin());
  PackedRows packed;
  const auto read = packed.pack(ActivationView(entries.data(), entries.dtype(), extents, strides),
                                Layout::nc, {}, 0);
  // A file without columns holds no values.
  if (!read) return {};
  std::vector<double> values(rows * packed.features());
  packed.read(0, rows, values);
  return values;
}

}  // namespace

HeldMask HeldMask::from_file(const std::string& path, Layout layout) {
  NpyFile file(path);
  const std::size_t axes = file.shape().size();
  // Of other shapes there are no rows to read.
  return {path, file.shape(), axes == 1 || axes == 2 ? values_of(file) : std::vector<double>(),
          layout};
}

HeldMask::HeldMask(std::string name, std::span<const std::int64_t> shape,
                   std::span<const double> values, Layout layout)
    : name_(std::move(name)), steps_first_(!axes_of(layout).images_first()) {
  const std::size_t axes = shape.size();
  if (axes != 1 && axes != 2) {
    throw InputError(name_ + ": expected a mask of 2 axes (" +
                     (steps_first_ ? "steps, sequences" : "sequences, steps") +
                     ") or lengths of 1 axis, got shape " + shape_text(shape));
  }
  for (const double value : values) {
    const bool is_whole = value == std::floor(value) && value >= 0 && value < 1e15;
    if (!is_whole || (axes == 2 && value > 1)) {
      throw InputError(name_ + ": expected " + (axes == 2 ? "0 and 1" : "lengths of 0 or more") +
                       ", got " + std::to_string(value));
    }
    if (axes == 2) {
      valid_.push_back(value == 1 ? 1 : 0);
    } else {
      lengths_.push_back(static_cast<std::int64_t>(value));
    }
  }
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(shape[axis]); };
  sequences_ = extent(axes == 2 && steps_first_ ? 1 : 0);
  if (axes == 2) steps_ = extent(steps_first_ ? 0 : 1);
}

std::string HeldMask::misfit(std::size_t sequences, std::size_t steps) const {
  const bool of_lengths = steps_ == 0;
  if (sequences != sequences_ || (!of_lengths && steps != steps_)) {
    return std::string(of_lengths ? "lengths" : "a mask") + " for " + std::to_string(sequences_) +
           " sequences" + (of_lengths ? "" : " of " + std::to_string(steps_) + " steps");
  }
  if (!of_lengths) return {};
  const auto longest = static_cast<std::size_t>(std::ranges::max(lengths_));
  return longest > steps ? "a length of " + std::to_string(longest) : "";
}

SequenceMask HeldMask::of(std::size_t first, std::size_t count) const {
  if (steps_ == 0) return SequenceMask::of_lengths(std::span(lengths_).subspan(first, count));
  const auto sequences = static_cast<std::int64_t>(sequences_);
  const auto steps = static_cast<std::int64_t>(steps_);
  const std::size_t begin = steps_first_ ? first : first * steps_;
  return {valid_.data() + begin, count, steps_, steps_first_ ? 1 : steps,
          steps_first_ ? sequences : 1};
}

}  // namespace livecca::tool
