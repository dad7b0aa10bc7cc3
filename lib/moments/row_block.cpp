#include "moments/row_block.hpp"

#include <algorithm>
#include <cmath>

#include "moments/products/product_kernel.hpp"

namespace livecca {
namespace {

/// Below, the inverse would not be finite. Such values still keep their digits in float32.
constexpr int least_exponent = -1000;

/// Of all features together, in values of a full block.
std::size_t panels_size(std::size_t features, std::size_t panel) {
  return (features + panel - 1) / panel * panel * RowBlock::most_rows;
}

/// Row-major values of some features as panels, see TileOperand; `of(value, feature)` is what is
/// written.
template <typename Scalar, typename Of>
void pack_panels(std::span<const double> values, std::size_t features, std::size_t begin,
                 std::size_t end, std::size_t count, std::size_t panel, std::vector<Scalar>& panels,
                 Of of) {
  for (std::size_t first = begin; first < end; first += panel) {
    const std::size_t width = std::min(panel, end - first);
    Scalar* to = panels.data() + first * RowBlock::most_rows;
    const double* from = values.data() + first;
    for (std::size_t row = 0; row < count; ++row, to += panel, from += features) {
      for (std::size_t j = 0; j < width; ++j) to[j] = of(from[j], first + j);
      std::fill(to + width, to + panel, Scalar{0});
    }
  }
}

}  // namespace

void RowBlock::bind(const PackedRows& rows, Precision precision) {
  rows_ = &rows;
  precision_ = precision;
  count_ = 0;
  const std::size_t features = rows.features();
  values_.resize(most_rows * features);
  if (precision == Precision::exact) {
    panels_.resize(panels_size(features, product_kernel().panel));
    return;
  }
  fast_panels_.resize(panels_size(features, product_kernel().fast_panel));
  scale_.resize(features);
  inverse_scale_.resize(features);
}

void RowBlock::go_to(std::size_t block) {
  first_row_ = block * most_rows;
  count_ = first_row_ < rows_->rows() ? std::min(most_rows, rows_->rows() - first_row_) : 0;
}

void RowBlock::center(std::size_t part) {
  const std::size_t first = part * rows_of_part;
  rows_->read_centered(first_row_ + first, std::min(rows_of_part, count_ - first),
                       std::span(values_).subspan(first * rows_->features()));
}

std::size_t RowBlock::pack_parts() const {
  return count_ == 0 ? 0 : (rows_->features() + tile_features - 1) / tile_features;
}

std::size_t RowBlock::most_parts() const {
  return std::max(most_rows / rows_of_part,
                  (rows_->features() + tile_features - 1) / tile_features);
}

void RowBlock::pack(std::size_t part) {
  const std::size_t features = rows_->features();
  const std::size_t begin = part * tile_features;
  const std::size_t end = std::min(begin + tile_features, features);
  if (precision_ == Precision::exact) {
    pack_panels(values_, features, begin, end, count_, product_kernel().panel, panels_,
                [](double value, std::size_t) { return value; });
    return;
  }
  find_scale(begin, end);
  pack_panels(values_, features, begin, end, count_, product_kernel().fast_panel, fast_panels_,
              [this](double value, std::size_t j) {
                return static_cast<float>(value * inverse_scale_[j]);
              });
}

void RowBlock::find_scale(std::size_t begin, std::size_t end) {
  const std::size_t features = rows_->features();
  std::fill(scale_.begin() + begin, scale_.begin() + end, 0.0);
  for (std::size_t row = 0; row < count_; ++row) {
    const double* values = values_.data() + row * features;
    for (std::size_t j = begin; j < end; ++j) scale_[j] = std::max(scale_[j], std::abs(values[j]));
  }
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

std::size_t RowBlock::bytes(std::size_t features, Precision precision) {
  const std::size_t values = most_rows * features * sizeof(double);
  const ProductKernel& kernel = product_kernel();
  if (precision == Precision::exact) {
    return values + panels_size(features, kernel.panel) * sizeof(double);
  }
  return values + panels_size(features, kernel.fast_panel) * sizeof(float) +
         2 * features * sizeof(double);
}

}  // namespace livecca
