#include "livecca/activations/packed_rows.hpp"

#include <algorithm>
#include <stdexcept>

#include "activations/element_type.hpp"
#include "livecca/activations/row_source.hpp"

namespace livecca {
namespace {

/// Where a view's elements lie: one stride per axis of images × positions × features.
struct Addresses {
  std::int64_t image;
  std::int64_t row;
  std::int64_t column;
  std::int64_t feature;
};

Addresses addresses_of(const ActivationView& view, Layout layout) {
  const auto strides = view.strides();
  switch (layout) {
    case Layout::nc:
      return {strides[0], 0, 0, strides[1]};
    case Layout::nchw:
      return {strides[0], strides[2], strides[3], strides[1]};
    case Layout::nhwc:
      break;
  }
  return {strides[0], strides[1], strides[2], strides[3]};
}

/// Copies a row of features, all or the chosen ones, and says whether every one of them is usable.
template <typename Element>
bool copy_row(const std::byte* from, std::int64_t stride, std::span<const std::size_t> chosen,
              std::size_t features, std::byte* to) {
  constexpr auto size = sizeof(Element);
  const std::int64_t step = stride * static_cast<std::int64_t>(size);
  if (!chosen.empty()) {
    for (std::size_t j = 0; j < features; ++j) {
      std::memcpy(to + j * size, from + static_cast<std::int64_t>(chosen[j]) * step, size);
    }
  } else if (stride == 1) {
    std::memcpy(to, from, features * size);
  } else {
    for (std::size_t j = 0; j < features; ++j, from += step) {
      std::memcpy(to + j * size, from, size);
    }
  }
  bool usable = true;
  for (std::size_t j = 0; j < features; ++j) {
    usable &= is_usable(load<Element>(to + j * size), PackedRows::largest_magnitude);
  }
  return usable;
}

template <typename Element, typename Number>
void convert(const std::byte* from, std::size_t count, Number* into) {
  for (std::size_t i = 0; i < count; ++i, from += sizeof(Element)) {
    into[i] = static_cast<Number>(load<Element>(from));
  }
}

void expect_room(std::size_t needed, std::size_t room) {
  if (room < needed) throw std::length_error("rows that do not fit where they are read into");
}

}  // namespace

RowSource::~RowSource() = default;

bool PackedRows::pack(const ActivationView& view, Layout layout, const Positions& positions,
                      std::uint64_t first_image, std::string& why,
                      std::span<const std::size_t> features) {
  set_shape({}, 1, view.dtype());
  ActivationShape shape;
  if (!read_shape(view, layout, shape, why)) return false;
  features_of_tap_ = shape.features;
  if (!features.empty()) {
    if (features.back() >= shape.features) {
      why = "expected more than " + std::to_string(features.back()) + " features, got " +
            std::to_string(shape.features);
      return false;
    }
    shape.features = features.size();
  }
  set_shape(shape, livecca::rows_per_image(positions, shape.grid), view.dtype());
  const Addresses at = addresses_of(view, layout);
  with_element_type(view.dtype(), [&](auto zero) {
    using Element = decltype(zero);
    const auto size = static_cast<std::int64_t>(sizeof(Element));
    const auto* data = static_cast<const std::byte*>(view.data());
    const auto width = static_cast<std::int64_t>(shape.grid.width);
    std::size_t row = 0;
    for (std::size_t image = 0; image < images_; ++image) {
      choose_positions(positions, grid_, first_image + image, chosen_);
      for (const std::size_t position : chosen_) {
        const auto place = static_cast<std::int64_t>(position);
        const std::int64_t offset = static_cast<std::int64_t>(image) * at.image +
                                    place / width * at.row + place % width * at.column;
        finite_[row] = copy_row<Element>(data + offset * size, at.feature, features, features_,
                                         elements_.data() + row * features_ * sizeof(Element));
        ++row;
      }
    }
  });
  return true;
}

bool PackedRows::pack_recorded(const ActivationView& view, std::size_t rows_an_image, Grid grid,
                               std::string& why) {
  set_shape({}, 1, view.dtype());
  ActivationShape rows;
  if (!read_shape(view, Layout::nc, rows, why)) return false;
  if (rows_an_image == 0 || rows.images % rows_an_image != 0) {
    why = "expected a multiple of " + std::to_string(rows_an_image) + " recorded rows, got " +
          std::to_string(rows.images);
    return false;
  }
  features_of_tap_ = rows.features;
  set_shape({rows.images / rows_an_image, rows.features, grid}, rows_an_image, view.dtype());
  with_element_type(view.dtype(), [&](auto zero) {
    using Element = decltype(zero);
    const auto* data = static_cast<const std::byte*>(view.data());
    const auto step = view.strides()[0] * static_cast<std::int64_t>(sizeof(Element));
    for (std::size_t row = 0; row < rows_; ++row) {
      finite_[row] =
          copy_row<Element>(data + static_cast<std::int64_t>(row) * step, view.strides()[1], {},
                            features_, elements_.data() + row * features_ * sizeof(Element));
    }
  });
  return true;
}

void PackedRows::set_shape(const ActivationShape& shape, std::size_t rows_an_image, DType dtype) {
  images_ = shape.images;
  features_ = shape.features;
  grid_ = shape.grid;
  rows_per_image_ = rows_an_image;
  dtype_ = dtype;
  weights_ = {};
  std::size_t bytes = 0;
  // A broadcast axis may promise more rows than there are addresses.
  if (__builtin_mul_overflow(images_, rows_per_image_, &rows_) ||
      __builtin_mul_overflow(rows_, features_, &bytes) ||
      __builtin_mul_overflow(bytes, size_of(dtype), &bytes)) {
    throw std::length_error("more rows than memory can hold");
  }
  elements_.resize(bytes);
  finite_.resize(rows_);
}

std::size_t PackedRows::bytes() const {
  return elements_.capacity() + finite_.capacity() +
         sizeof(double) * (root_weights_.capacity() + mean_.origin.capacity() +
                           mean_.offset.capacity() + chosen_.capacity());
}

void PackedRows::read(std::size_t first, std::size_t count, std::span<double> into) const {
  expect_room(count * features_, into.size());
  with_element_type(dtype_, [&](auto zero) {
    using Element = decltype(zero);
    convert<Element>(elements_.data() + first * features_ * sizeof(Element), count * features_,
                     into.data());
  });
}

void PackedRows::read(std::size_t first, std::size_t count, std::span<float> into) const {
  expect_room(count * features_, into.size());
  with_element_type(dtype_, [&](auto zero) {
    using Element = decltype(zero);
    convert<Element>(elements_.data() + first * features_ * sizeof(Element), count * features_,
                     into.data());
  });
}

void PackedRows::center(std::span<const std::uint8_t> keep, std::span<const double> image_weights) {
  compact(keep, image_weights);
  find_mean();
}

void PackedRows::compact(std::span<const std::uint8_t> keep,
                         std::span<const double> image_weights) {
  weights_ = {};
  root_weights_.resize(rows_);
  const std::size_t row_bytes = features_ * size_of(dtype_);
  std::size_t kept = 0;
  std::size_t last_image = images_;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (keep[row] == 0) continue;
    ++weights_.samples;
    const std::size_t image = row / rows_per_image_;
    const double weight = image_weights.empty() ? 1 : image_weights[image];
    // So old that its weight is not a number above 0 any more. If all are, they have no mean.
    if (weight == 0) continue;
    if (kept != row) {
      std::memcpy(elements_.data() + kept * row_bytes, elements_.data() + row * row_bytes,
                  row_bytes);
    }
    root_weights_[kept++] = std::sqrt(weight);
    weights_.sum += weight;
    weights_.squares += weight * weight;
    if (image != last_image) {
      weights_.image_sum += weight;
      weights_.image_squares += weight * weight;
    }
    last_image = image;
  }
  rows_ = kept;
}

void PackedRows::find_mean() {
  mean_.origin.assign(features_, 0.0);
  mean_.offset.assign(features_, 0.0);
  if (rows_ == 0) return;
  read(0, 1, mean_.origin);
  with_element_type(dtype_, [&](auto zero) {
    using Element = decltype(zero);
    const std::byte* element = elements_.data();
    for (std::size_t row = 0; row < rows_; ++row) {
      const double weight = root_weights_[row] * root_weights_[row];
      for (std::size_t j = 0; j < features_; ++j, element += sizeof(Element)) {
        // Shifting by the first row makes a constant feature exactly 0 whatever its value, and
        // keeps the digits of a large offset out of the sum.
        mean_.offset[j] += weight * (static_cast<double>(load<Element>(element)) - mean_.origin[j]);
      }
    }
  });
  for (double& offset : mean_.offset) offset /= weights_.sum;
}

void PackedRows::read_centered(std::size_t first, std::size_t count, std::span<double> into) const {
  read(first, count, into);
  for (std::size_t row = 0; row < count; ++row) {
    double* values = into.data() + row * features_;
    const double root = root_weights_[first + row];
    for (std::size_t j = 0; j < features_; ++j) {
      values[j] = root * ((values[j] - mean_.origin[j]) - mean_.offset[j]);
    }
  }
}

}  // namespace livecca
