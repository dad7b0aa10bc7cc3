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
  precision_ = precision;
  count_ = 0;
  needs_values_ = false;
  const std::size_t features = rows.features();
  if (precision == Precision::exact) {
    panels_.resize(panels_size(features, product_kernel().panel));
    return;
  }
  fast_panels_.resize(panels_size(features, product_kernel().fast_panel));
  scale_.resize(features);
  inverse_scale_.resize(features);
}

void RowBlock::go_to(std::size_t block) {
  if (needs_values_) values_.resize(most_rows * rows_->features());
  first_row_ = block * most_rows;
  count_ = first_row_ < rows_->rows() ? std::min(most_rows, rows_->rows() - first_row_) : 0;
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
    const std::size_t begin = part * part_features;
    return pack(begin, std::min(begin + part_features, features));
  }
  const std::size_t first = (part - panel_parts()) * rows_of_part;
  rows_->read_centered(first_row_ + first, std::min(rows_of_part, count_ - first),
                       std::span(values_).subspan(first * features));
}

void RowBlock::pack(std::size_t begin, std::size_t end) {
  const RowsToRead rows{.elements = rows_->elements(),
                        .dtype = rows_->dtype(),
                        .features = rows_->features(),
                        .first = first_row_,
                        .count = count_,
                        .root_weights = rows_->root_weights().data(),
                        .origin = rows_->mean().origin.data(),
                        .offset = rows_->mean().offset.data()};
  const ProductKernel& kernel = product_kernel();
  if (precision_ == Precision::exact) {
    kernel.pack(rows, begin, end, nullptr, panels_.data() + begin * most_rows,
                kernel.panel * most_rows);
    return;
  }
  find_scale(rows, begin, end);
  kernel.pack_fast(rows, begin, end, inverse_scale_.data(), fast_panels_.data() + begin * most_rows,
                   kernel.fast_panel * most_rows);
}

void RowBlock::find_scale(const RowsToRead& rows, std::size_t begin, std::size_t end) {
  for (std::size_t j = begin; j < end; ++j) scale_[j] = 0;
  product_kernel().find_largest(rows, begin, end, scale_.data());
  // A power of two, so that neither it nor its inverse rounds anything.
  for (std::size_t j = begin; j < end; ++j) {
    const int exponent = scale_[j] > 0 ? std::max(std::ilogb(scale_[j]) + 1, least_exponent) : 0;
    scale_[j] = std::ldexp(1.0, exponent);
    inverse_scale_[j] = std::ldexp(1.0, -exponent);
  }
}

TileOperand<double> RowBlock::exact(std::size_t first) const {
  return {panels_.data() + first * most_rows, product_kernel().panel * most_rows, nullptr};
}

TileOperand<float> RowBlock::fast(std::size_t first) const {
  return {fast_panels_.data() + first * most_rows, product_kernel().fast_panel * most_rows,
          scale_.data() + first};
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
  if (precision == Precision::exact) {
    return values + panels_size(features, kernel.panel) * sizeof(double);
  }
  return values + panels_size(features, kernel.fast_panel) * sizeof(float) +
         2 * features * sizeof(double);
}

}  // namespace livecca
