#include "moments/row_block.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "moments/products/product_kernel.hpp"

namespace livecca {
namespace {

/// Of all features together, in values of a full block.
std::size_t panels_size(std::size_t features, std::size_t panel) {
  return (features + panel - 1) / panel * panel * RowBlock::most_rows;
}

/// Row-major values as panels, see TileOperand; `of(value, feature)` is what is written.
template <typename Scalar, typename Of>
void pack(std::span<const double> values, std::size_t features, std::size_t count,
          std::size_t panel, std::vector<Scalar>& panels, Of of) {
  for (std::size_t first = 0; first < features; first += panel) {
    const std::size_t width = std::min(panel, features - first);
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
}

void RowBlock::load(std::size_t block) {
  const std::size_t first = block * most_rows;
  count_ = first < rows_->rows() ? std::min(most_rows, rows_->rows() - first) : 0;
  if (count_ == 0) return;
  rows_->read_centered(first, count_, values_);
  if (precision_ == Precision::exact) {
    pack(values_, rows_->features(), count_, product_kernel().panel, panels_,
         [](double value, std::size_t) { return value; });
    return;
  }
  find_scale();
  pack(values_, rows_->features(), count_, product_kernel().fast_panel, fast_panels_,
       [this](double value, std::size_t j) { return static_cast<float>(value / scale_[j]); });
}

void RowBlock::find_scale() {
  const auto features = static_cast<Eigen::Index>(rows_->features());
  const Eigen::Map<const Eigen::ArrayXXd> values(values_.data(), features,
                                                 static_cast<Eigen::Index>(count_));
  Eigen::Map<Eigen::ArrayXd> scale(scale_.data(), features);
  scale = values.abs().rowwise().maxCoeff();
  // A power of two, so that dividing by it rounds nothing.
  for (double& value : scale_) value = value > 0 ? std::ldexp(1.0, std::ilogb(value) + 1) : 1;
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
         features * sizeof(double);
}

}  // namespace livecca
