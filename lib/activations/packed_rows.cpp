#include "livecca/activations/packed_rows.hpp"

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <stdexcept>

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

/// Calls `function` with a null pointer of the view's element type.
template <typename Function>
void with_element_type(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::float16:
      return function(static_cast<const Eigen::half*>(nullptr));
    case DType::bfloat16:
      return function(static_cast<const Eigen::bfloat16*>(nullptr));
    case DType::float32:
      return function(static_cast<const float*>(nullptr));
    case DType::float64:
      return function(static_cast<const double*>(nullptr));
  }
}

/// Copies one row of features. Elements are read through memcpy: a borrowed pointer need not be
/// aligned for its type.
template <typename Element>
void copy_row(const std::byte* source, std::int64_t stride, std::size_t features, double* out) {
  const std::int64_t step = stride * static_cast<std::int64_t>(sizeof(Element));
  for (std::size_t j = 0; j < features; ++j, source += step) {
    Element element;
    std::memcpy(&element, source, sizeof(Element));
    out[j] = static_cast<double>(element);
  }
}

}  // namespace

bool PackedRows::pack(const ActivationView& view, Layout layout, const Positions& positions,
                      std::uint64_t first_image, std::string& why) {
  set_shape({}, 1);
  ActivationShape shape;
  if (!read_shape(view, layout, shape, why)) return false;
  set_shape(shape, livecca::rows_per_image(positions, shape.grid));
  source_dtype_ = view.dtype();
  const Addresses at = addresses_of(view, layout);
  with_element_type(view.dtype(), [&](auto type) {
    using Element = std::remove_cvref_t<decltype(*type)>;
    const auto size = static_cast<std::int64_t>(sizeof(Element));
    const auto* data = static_cast<const std::byte*>(view.data());
    const auto width = static_cast<std::int64_t>(shape.grid.width);
    double* out = values_.data();
    for (std::size_t image = 0; image < images_; ++image) {
      choose_positions(positions, grid_, first_image + image, chosen_);
      for (const std::size_t position : chosen_) {
        const auto place = static_cast<std::int64_t>(position);
        const std::int64_t offset = static_cast<std::int64_t>(image) * at.image +
                                    place / width * at.row + place % width * at.column;
        copy_row<Element>(data + offset * size, at.feature, features_, out);
        out += features_;
      }
    }
  });
  find_nonfinite();
  return true;
}

bool PackedRows::pack_recorded(const ActivationView& view, std::size_t rows_an_image, Grid grid,
                               std::string& why) {
  set_shape({}, 1);
  ActivationShape rows;
  if (!read_shape(view, Layout::nc, rows, why)) return false;
  if (rows_an_image == 0 || rows.images % rows_an_image != 0) {
    why = "expected a multiple of " + std::to_string(rows_an_image) + " recorded rows, got " +
          std::to_string(rows.images);
    return false;
  }
  set_shape({rows.images / rows_an_image, rows.features, grid}, rows_an_image);
  source_dtype_ = view.dtype();
  with_element_type(view.dtype(), [&](auto type) {
    using Element = std::remove_cvref_t<decltype(*type)>;
    const auto* data = static_cast<const std::byte*>(view.data());
    const auto step = view.strides()[0] * static_cast<std::int64_t>(sizeof(Element));
    for (std::size_t row = 0; row < rows_; ++row) {
      copy_row<Element>(data + static_cast<std::int64_t>(row) * step, view.strides()[1], features_,
                        values_.data() + row * features_);
    }
  });
  find_nonfinite();
  return true;
}

void PackedRows::set_shape(const ActivationShape& shape, std::size_t rows_an_image) {
  images_ = shape.images;
  features_ = shape.features;
  grid_ = shape.grid;
  rows_per_image_ = rows_an_image;
  effective_rows_ = images_;
  std::size_t values = 0;
  // A broadcast axis may promise more rows than there are addresses.
  if (__builtin_mul_overflow(images_, rows_per_image_, &rows_) ||
      __builtin_mul_overflow(rows_, features_, &values)) {
    throw std::length_error("more rows than memory can hold");
  }
  values_.resize(values);
  finite_.resize(rows_);
}

void PackedRows::find_nonfinite() {
  for (std::size_t row = 0; row < rows_; ++row) {
    const double* values = values_.data() + row * features_;
    bool finite = true;
    // The comparison is false for NaN, so this leaves out NaN, infinity and what would overflow.
    for (std::size_t j = 0; j < features_; ++j) finite &= std::abs(values[j]) <= largest_magnitude;
    finite_[row] = finite ? 1 : 0;
  }
}

void PackedRows::compact(std::span<const std::uint8_t> keep) {
  std::size_t kept = 0;
  effective_rows_ = 0;
  std::size_t last_image = images_;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (keep[row] == 0) continue;
    if (kept != row) {
      std::memcpy(values_.data() + kept * features_, values_.data() + row * features_,
                  features_ * sizeof(double));
    }
    ++kept;
    const std::size_t image = row / rows_per_image_;
    if (image != last_image) ++effective_rows_;
    last_image = image;
  }
  rows_ = kept;
}

void PackedRows::center(std::span<const std::uint8_t> keep) {
  compact(keep);
  mean_.origin.assign(features_, 0.0);
  mean_.offset.assign(features_, 0.0);
  if (rows_ == 0) return;
  const auto features = static_cast<Eigen::Index>(features_);
  Eigen::Map<Eigen::ArrayXXd> rows(values_.data(), features, static_cast<Eigen::Index>(rows_));
  Eigen::Map<Eigen::ArrayXd> origin(mean_.origin.data(), features);
  Eigen::Map<Eigen::ArrayXd> offset(mean_.offset.data(), features);
  // Shifting by the first row makes a constant feature exactly 0 whatever its value, and keeps the
  // digits of a large offset out of the sum.
  origin = rows.col(0);
  rows.colwise() -= origin;
  offset = rows.rowwise().sum() / static_cast<double>(rows_);
  rows.colwise() -= offset;
}

}  // namespace livecca
