#include <string>
#include <utility>

#include "activations/row_elements.hpp"

// Rows that were chosen before they come here.

namespace livecca {
namespace {

/// Whether an image has features and positions, and no more values than can be counted.
bool can_be_counted(const ActivationShape& shape) {
  std::size_t values = shape.features;
  for (const std::size_t extent : {shape.grid.depth, shape.grid.height, shape.grid.width}) {
    if (__builtin_mul_overflow(values, extent, &values)) return false;
  }
  return values > 0;
}

std::string extents_of(const ActivationView& view) {
  std::string text;
  for (const std::int64_t extent : view.shape()) {
    text += (text.empty() ? "" : " x ") + std::to_string(extent);
  }
  return text;
}

}  // namespace

Result<void> PackedRows::pack_gathered(const GatheredRows& rows, const Reading& reading,
                                       const Positions& positions, std::uint64_t first_image,
                                       std::span<const std::size_t> features,
                                       const SequenceMask& mask) {
  const ActivationView& values = rows.values;
  const ActivationShape& shape = rows.shape;
  set_shape({}, 1, values.dtype());
  if (auto checked = reading.check(); !checked) return checked;
  if (reading.samples == Samples::pooled) {
    return Failure{"expected the whole activation to take its mean, got gathered rows"};
  }
  if (!can_be_counted(shape)) return Failure{"expected at least one feature and one position"};
  if (auto fits = check(shape, reading, features, mask); !fits) return fits;
  const std::size_t width = features.empty() ? features_of_tap_ : features.size();
  const std::size_t per_image = livecca::rows_per_image(reading, positions, shape.grid);
  std::size_t count = 0;
  const bool is_counted = !__builtin_mul_overflow(shape.images, per_image, &count);
  if (!is_counted || values.rank() != 2 || std::cmp_not_equal(values.shape()[0], count) ||
      std::cmp_not_equal(values.shape()[1], width)) {
    return Failure{"expected " + std::to_string(per_image) + " gathered rows of " +
                   std::to_string(width) + " features for each of " + std::to_string(shape.images) +
                   " images, got " + extents_of(values)};
  }
  const std::size_t expected = reading.samples == Samples::flattened ? 0 : count;
  if (rows.positions.size() != expected) {
    return Failure{"expected the positions of " + std::to_string(expected) +
                   " gathered rows, got " + std::to_string(rows.positions.size())};
  }
  const std::int64_t row = values.strides()[0];
  const Source source{.data = static_cast<const std::byte*>(values.data()),
                      .dtype = values.dtype(),
                      .shape = shape,
                      .at = {.image = row * static_cast<std::int64_t>(per_image),
                             .feature = values.strides()[1],
                             .depth = 0,
                             .height = 0,
                             .width = row},
                      .features = width,
                      .gathered_per_image = per_image,
                      .gathered_from = rows.positions};
  auto packed = pack(source, reading, positions, first_image, mask);
  roundoff_ = values.roundoff();
  return packed;
}

Result<void> PackedRows::pack_recorded(const ActivationView& view, std::size_t rows_an_image,
                                       Grid grid, std::span<const std::uint8_t> valid) {
  set_shape({}, 1, view.dtype());
  const auto seen = read_shape(view, Layout::nc);
  if (!seen) return Failure{seen.why()};
  const ActivationShape& shape = *seen;
  if (rows_an_image == 0 || shape.images % rows_an_image != 0) {
    return Failure{"expected a multiple of " + std::to_string(rows_an_image) +
                   " recorded rows, got " + std::to_string(shape.images)};
  }
  if (!valid.empty() && valid.size() != shape.images) {
    return Failure{"expected to know of " + std::to_string(shape.images) +
                   " recorded rows whether they are valid, got " + std::to_string(valid.size())};
  }
  features_of_tap_ = shape.features;
  const Source source{.data = static_cast<const std::byte*>(view.data()),
                      .dtype = view.dtype(),
                      .shape = shape,
                      .at = addresses_of(view, Layout::nc),
                      .features = shape.features};
  set_shape({shape.images / rows_an_image, shape.features, grid}, rows_an_image, view.dtype());
  roundoff_ = view.roundoff();
  for (std::size_t row = 0; row < rows_; ++row) copy_position(source, row, 0, row);
  valid_.resize(valid.size());
  for (std::size_t row = 0; row < valid.size(); ++row) {
    valid_[row] = valid[row] != 0;
    finite_[row] |= valid[row] == 0;
  }
  return {};
}

}  // namespace livecca
