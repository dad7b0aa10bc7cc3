#include "moments/row_block.hpp"

#include <algorithm>
#include <cmath>

#include "moments/products/product_kernel.hpp"

namespace livecca {
namespace {

/// Below, the inverse would not be finite. Such values still keep their digits in float32.
constexpr int least_exponent = -1000;

/// Of a part; a whole number of panels.
constexpr std::size_t part_features = small_tile_features;

/// Of all features together, in values of a full block.
std::size_t panels_size(std::size_t features, std::size_t panel) {
  return (features + panel - 1) / panel * panel * RowBlock::most_rows;
}

}  // namespace

void RowBlock::bind(const PackedRows& rows, Precision precision) {
  rows_ = &rows;
  without_mean_ = nullptr;
  precision_ = precision;
  needs_means_ = precision == Precision::fast;
  count_ = 0;
  needs_values_ = false;
  const std::size_t features = rows.features();
  largest_.resize(features);
  if (precision == Precision::exact) {
    panels_.resize(panels_size(features, product_kernel().panel));
    return;
  }
  fast_panels_.resize(panels_size(features, product_kernel().fast_panel));
  scale_.resize(padded_features(features));
  inverse_scale_.resize(features);
  known_.resize(2 * features);
}

void RowBlock::bind_without_mean(PackedRows& rows, Precision precision) {
  bind(rows, precision);
  without_mean_ = &rows;
  needs_means_ = true;
}

void RowBlock::go_to(std::size_t block) {
  if (block > 0) needs_means_ = false;
  if (needs_values_) values_.resize(most_rows * rows_->features());
  first_row_ = block * most_rows;
  count_ = first_row_ < rows_->rows() ? std::min(most_rows, rows_->rows() - first_row_) : 0;
}

RowBlock::Features RowBlock::features_of(std::size_t part) const {
  const std::size_t begin = part * part_features;
  return {begin, std::min(begin + part_features, rows_->features())};
}

std::size_t RowBlock::mean_parts() const { return needs_means_ ? panel_parts() : 0; }

void RowBlock::find_mean(std::size_t part) {
  const Features features = features_of(part);
  Means means{.origin = known_.data(),
              .offset = known_.data() + rows_->features(),
              .largest = largest_.data()};
  if (without_mean_ != nullptr) {
    means.origin = without_mean_->mean_to_set().origin.data();
    means.offset = without_mean_->mean_to_set().offset.data();
  }
  product_kernel().find_means(rows_to_read(0, rows_->rows()), features.begin, features.end, means);
  if (precision_ == Precision::fast) set_scale(features);
}

std::size_t RowBlock::panel_parts() const {
  return count_ == 0 ? 0 : (rows_->features() + part_features - 1) / part_features;
}

std::size_t RowBlock::parts() const { return panel_parts() + (needs_values_ ? value_parts() : 0); }

std::size_t RowBlock::most_parts() const {
  return most_rows / rows_of_part + (rows_->features() + part_features - 1) / part_features;
}

void RowBlock::read(std::size_t part) {
  const std::size_t features = rows_->features();
  if (part < panel_parts()) {
    if (needs_means_ && !needs_values_) find_mean(part);
    return pack(features_of(part));
  }
  const std::size_t first = (part - panel_parts()) * rows_of_part;
  rows_->read_centered(first_row_ + first, std::min(rows_of_part, count_ - first),
                       std::span(values_).subspan(first * features));
}

RowsToRead RowBlock::rows_to_read(std::size_t first, std::size_t count) const {
  return {.elements = rows_->elements(),
          .dtype = rows_->dtype(),
          .features = rows_->features(),
          .first = first,
          .count = count,
          .root_weights = rows_->root_weights().data(),
          .weight_sum = rows_->weights().sum,
          .origin = rows_->mean().origin.data(),
          .offset = rows_->mean().offset.data()};
}

void RowBlock::pack(Features features) {
  const auto [begin, end] = features;
  const RowsToRead rows = rows_to_read(first_row_, count_);
  const ProductKernel& kernel = product_kernel();
  if (precision_ == Precision::exact) {
    kernel.pack(rows, begin, end, nullptr, panels_.data() + begin * most_rows,
                kernel.panel * most_rows);
    return;
  }
  kernel.pack_fast(rows, begin, end, inverse_scale_.data(), fast_panels_.data() + begin * most_rows,
                   kernel.fast_panel * most_rows);
}

void RowBlock::set_scale(Features features) {
  // A power of two, so that neither it nor its inverse rounds anything.
  for (std::size_t j = features.begin; j < features.end; ++j) {
    const double largest = largest_[j];
    const int exponent = largest > 0 ? std::max(std::ilogb(largest) + 1, least_exponent) : 0;
    scale_[j] = std::ldexp(1.0, exponent);
    inverse_scale_[j] = std::ldexp(1.0, -exponent);
  }
}

TileOperand<double> RowBlock::exact(std::size_t first) const {
  return {.panels = panels_.data() + first * most_rows,
          .stride = product_kernel().panel * most_rows};
}

TileOperand<float> RowBlock::fast(std::size_t first) const {
  return {.panels = fast_panels_.data() + first * most_rows,
          .stride = product_kernel().fast_panel * most_rows,
          .scale = scale_.data() + first};
}

std::size_t RowBlock::panel_count() const {
  return (rows_->features() + product_kernel().panel - 1) / product_kernel().panel;
}

std::span<const double> RowBlock::panel(std::size_t number) const {
  const std::size_t panel = product_kernel().panel;
  return std::span(panels_).subspan(number * panel * most_rows, count_ * panel);
}

std::size_t RowBlock::bytes(std::size_t features, Precision precision, bool needs_values) {
  const std::size_t values = needs_values ? most_rows * features * sizeof(double) : 0;
  const ProductKernel& kernel = product_kernel();
  const std::size_t largest = features * sizeof(double);
  if (precision == Precision::exact) {
    return values + largest + panels_size(features, kernel.panel) * sizeof(double);
  }
  return values + largest + panels_size(features, kernel.fast_panel) * sizeof(float) +
         (3 * features + padded_features(features)) * sizeof(double);
}

}  // namespace livecca
