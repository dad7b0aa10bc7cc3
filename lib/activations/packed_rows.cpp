#include "livecca/activations/packed_rows.hpp"

#include <algorithm>
#include <stdexcept>

#include "activations/copy_bytes.hpp"
#include "activations/element_type.hpp"
#include "livecca/activations/row_source.hpp"

namespace livecca {
namespace {

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

std::span<const std::uint8_t> RowSource::valid(std::uint64_t, std::uint64_t) { return {}; }

void PackedRows::set_shape(const ActivationShape& shape, std::size_t rows_an_image, DType dtype) {
  images_ = shape.images;
  features_ = shape.features;
  grid_ = shape.grid;
  rows_per_image_ = rows_an_image;
  dtype_ = dtype;
  is_checked_ = true;
  roundoff_ = roundoff_of(dtype);
  weights_ = {};
  valid_.clear();
  first_rows_.clear();
  steps_.clear();
  row_steps_.clear();
  std::size_t bytes = 0;
  // A broadcast axis may promise more rows than there are addresses.
  if (__builtin_mul_overflow(images_, rows_per_image_, &rows_) ||
      __builtin_mul_overflow(rows_, features_, &bytes) ||
      __builtin_mul_overflow(bytes, size_of(dtype), &bytes)) {
    throw std::length_error("more rows than memory can hold");
  }
  most_rows_ = rows_;
  // Never shrunk: what is there is written over, and growing again would fill it with zeros.
  if (elements_.size() < bytes) elements_.resize(bytes);
  finite_.resize(rows_);
}

bool PackedRows::pairs_with(const PackedRows& other) const {
  return images_ == other.images_ && grid_ == other.grid_ &&
         rows_per_image_ == other.rows_per_image_ && steps_ == other.steps_;
}

std::size_t PackedRows::bytes() const {
  return elements_.capacity() + finite_.capacity() + valid_.capacity() + steps_.capacity() +
         sizeof(double) * (root_weights_.capacity() + mean_.origin.capacity() +
                           mean_.offset.capacity() + sums_.capacity()) +
         sizeof(std::uint32_t) * row_steps_.capacity() +
         sizeof(std::size_t) * (chosen_.capacity() + first_rows_.capacity());
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

void PackedRows::center(std::span<const std::uint8_t> to_keep,
                        std::span<const double> image_weights) {
  keep(to_keep, image_weights);
  find_mean();
}

void PackedRows::keep(std::span<const std::uint8_t> keep, std::span<const double> image_weights) {
  weights_ = {};
  root_weights_.reserve(most_rows_);
  root_weights_.resize(rows_);
  const std::size_t row_bytes = features_ * size_of(dtype_);
  std::size_t kept = 0;
  for (std::size_t image = 0; image < images_; ++image) {
    const double weight = image_weights.empty() ? 1 : image_weights[image];
    const std::size_t kept_before = kept;
    for (std::size_t row = first_row(image); row < first_row(image + 1); ++row) {
      if (keep[row] == 0 || (!valid_.empty() && valid_[row] == 0)) continue;
      ++weights_.samples;
      // So old that its weight is not a number above 0 any more. If all are, they have no mean.
      if (weight == 0) continue;
      if (kept != row) {
        copy_bytes(elements_.data() + kept * row_bytes, elements_.data() + row * row_bytes,
                   row_bytes);
      }
      root_weights_[kept++] = std::sqrt(weight);
      weights_.sum += weight;
      weights_.squares += weight * weight;
    }
    if (kept == kept_before) continue;
    weights_.image_sum += weight;
    weights_.image_squares += weight * weight;
  }
  rows_ = kept;
  mean_.origin.assign(features_, 0.0);
  mean_.offset.assign(features_, 0.0);
}

void PackedRows::find_mean() {
  if (rows_ == 0) return;
  with_element_type(dtype_, [&](auto zero) {
    using Element = decltype(zero);
    // Shifting by the first row makes a constant feature exactly 0 whatever its value, and keeps
    // the digits of a large offset out of the sum.
    convert<Element>(elements_.data(), features_, mean_.origin.data());
    const std::byte* from = elements_.data();
    for (std::size_t row = 0; row < rows_; ++row) {
      const double weight = root_weights_[row] * root_weights_[row];
      for (std::size_t j = 0; j < features_; ++j, from += sizeof(Element)) {
        const auto value = static_cast<double>(load<Element>(from));
        mean_.offset[j] += weight * (value - mean_.origin[j]);
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
