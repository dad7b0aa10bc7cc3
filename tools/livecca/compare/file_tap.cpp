#include "compare/file_tap.hpp"

#include <utility>

#include "activations/layout_axes.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

const char* word_of(char letter, Layout layout) {
  switch (letter) {
    case 'n':
      return is_sequence(layout) ? "sequences" : has_positions(layout) ? "images" : "samples";
    case 'c':
      return has_positions(layout) ? "channels" : "features";
    case 'd':
      return "depth";
    case 'h':
      return "height";
    case 'l':
      return "length";
    case 't':
      return "steps";
    default:
      return "width";
  }
}

std::string expected_axes(Layout layout) {
  const std::string_view letters = name_of(layout);
  std::string words;
  for (const char letter : letters) {
    words += (words.empty() ? "" : ", ") + std::string(word_of(letter, layout));
  }
  return std::to_string(letters.size()) + " axes (" + words + ")";
}

ActivationShape shape_of(ActivationTensor& tensor, Layout layout) {
  const LayoutAxes axes = axes_of(layout);
  if (tensor.shape().size() != axes.count) {
    const bool image = layout == Layout::nc && tensor.shape().size() > axes.count;
    throw InputError(tensor.name() + ": expected " + expected_axes(layout) + " for layout " +
                     name_of(layout) + ", got shape " + shape_text(tensor.shape()) +
                     (image ? "; see --layout nchw, nhwc and ntc, or --skip" : ""));
  }
  // A view of whole images needs one entry of the first axis, or all where that is the steps.
  const std::size_t entries = axes.images_first() ? 1 : static_cast<std::size_t>(tensor.shape()[0]);
  const auto seen = read_shape(tensor.entries(0, entries), layout);
  if (!seen) throw InputError(tensor.name() + ": " + seen.why());
  ActivationShape shape = *seen;
  tensor.release();
  if (axes.images_first()) shape.images = tensor.images();
  if (const auto recorded = tensor.recorded()) shape.grid = recorded->grid;
  return shape;
}

/// Recorded rows have their positions and features; options cannot choose others.
void expect_as_recorded(const FileTap& tap, const CompareOptions& options) {
  const std::string& name = tap.tensor->name();
  if (options.positions != Positions::all()) {
    throw InputError(name +
                     ": expected --positions all, as recorded rows have their positions, got " +
                     std::to_string(options.positions.per_image));
  }
  if (options.max_features > 0 && tap.shape.features > options.max_features) {
    throw InputError(name + ": expected recorded rows, which are not cut, of at most the " +
                     std::to_string(options.max_features) + " features of --max-features, got " +
                     std::to_string(tap.shape.features));
  }
}

void expect_steps(const FileTap& tap) {
  const std::size_t steps = tap.shape.grid.size();
  if (tap.reading.samples == Samples::step && tap.reading.step >= steps) {
    throw InputError(tap.tensor->name() + ": expected more than " +
                     std::to_string(tap.reading.step) + " steps for --samples step:" +
                     std::to_string(tap.reading.step) + ", got " + std::to_string(steps));
  }
  const std::string got = tap.mask ? tap.mask->misfit(tap.shape.images, steps) : "";
  if (!got.empty()) {
    throw InputError(tap.mask->name() + ": expected a mask or lengths for " +
                     std::to_string(tap.shape.images) + " sequences of " + std::to_string(steps) +
                     " steps as in " + tap.tensor->name() + ", got " + got);
  }
}

/// Null if every step is valid.
std::shared_ptr<const HeldMask> mask_of(const CompareOptions& options, Layout layout) {
  if (options.held_mask) return options.held_mask;
  if (options.mask.empty()) return nullptr;
  return std::make_shared<HeldMask>(HeldMask::from_file(options.mask, layout));
}

}  // namespace

ActivationView FileTap::images(std::size_t first, std::size_t count) const {
  const LayoutAxes axes = axes_of(reading.layout);
  if (axes.images_first()) return tensor->entries(first, count);
  const ActivationView all = tensor->entries(0, shape.grid.size());
  const auto strides = all.strides();
  std::vector<std::int64_t> part(all.shape().begin(), all.shape().end());
  part[axes.image] = static_cast<std::int64_t>(count);
  const auto offset = static_cast<std::int64_t>(first) * strides[axes.image] *
                      static_cast<std::int64_t>(size_of(all.dtype()));
  return {static_cast<const std::byte*>(all.data()) + offset, all.dtype(), part, strides};
}

std::size_t FileTap::values_of_image() const {
  const std::size_t rows = is_recorded() ? tensor->rows_per_image() : shape.grid.size();
  return rows * shape.features;
}

FileTap tap_of(TapName name, std::shared_ptr<ActivationTensor> tensor, bool is_named,
               const CompareOptions& options) {
  const bool is_matrix = is_named && tensor->shape().size() == 2;
  const bool as_asked = !tensor->recorded() && !is_matrix;
  const Reading reading = as_asked ? options.reading : Layout::nc;
  const ActivationShape shape = shape_of(*tensor, reading.layout);
  FileTap tap{.name = std::move(name),
              .tensor = std::move(tensor),
              .reading = reading,
              .fourier = as_asked && options.fourier,
              .shape = shape,
              .mask = nullptr};
  if (tap.is_recorded()) expect_as_recorded(tap, options);
  if (as_asked) tap.mask = mask_of(options, reading.layout);
  expect_steps(tap);
  return tap;
}

std::vector<FileTap> taps_of_steps(const FileTap& tap) {
  std::vector<FileTap> taps;
  for (std::size_t step = 0; step < tap.shape.grid.size(); ++step) {
    FileTap& at = taps.emplace_back(tap);
    at.name.layer += "@" + std::to_string(step);
    at.reading = Reading::at_step(tap.reading.layout, step);
  }
  return taps;
}

std::size_t rows_of_image(const FileTap& tap, const CompareOptions& options) {
  if (tap.is_recorded()) return tap.tensor->rows_per_image();
  return rows_per_image(tap.reading, options.positions, tap.shape.grid);
}

}  // namespace livecca::tool
