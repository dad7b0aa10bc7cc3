#include "moments/row_block.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {

using Eigen::Index;

void RowBlock::bind(const PackedRows& rows, Precision precision) {
  rows_ = &rows;
  precision_ = precision;
  count_ = 0;
  values_.resize(most_rows * rows.features());
  if (precision == Precision::exact) return;
  narrow_.resize(values_.size());
  scale_.resize(rows.features());
}

void RowBlock::load(std::size_t block) {
  const std::size_t first = block * most_rows;
  count_ = first < rows_->rows() ? std::min(most_rows, rows_->rows() - first) : 0;
  if (count_ == 0) return;
  rows_->read_centered(first, count_, values_);
  if (precision_ == Precision::fast) narrow();
}

void RowBlock::narrow() {
  const auto features = static_cast<Index>(rows_->features());
  const auto count = static_cast<Index>(count_);
  const Eigen::Map<const Eigen::ArrayXXd> values(values_.data(), features, count);
  Eigen::Map<Eigen::ArrayXd> scale(scale_.data(), features);
  scale = values.abs().rowwise().maxCoeff();
  // A power of two, so that dividing by it rounds nothing.
  for (double& value : scale_) value = value > 0 ? std::ldexp(1.0, std::ilogb(value) + 1) : 1;
  Eigen::Map<Eigen::ArrayXXf> narrow(narrow_.data(), features, count);
  for (Index row = 0; row < count; ++row) narrow.col(row) = (values.col(row) / scale).cast<float>();
}

Eigen::Map<const Eigen::MatrixXd> RowBlock::exact() const {
  return {values_.data(), static_cast<Index>(rows_->features()), static_cast<Index>(count_)};
}

Eigen::Map<const Eigen::MatrixXf> RowBlock::fast() const {
  return {narrow_.data(), static_cast<Index>(rows_->features()), static_cast<Index>(count_)};
}

std::size_t RowBlock::bytes(std::size_t features, Precision precision) {
  const std::size_t exact = most_rows * features * sizeof(double);
  if (precision == Precision::exact) return exact;
  return exact + most_rows * features * sizeof(float) + features * sizeof(double);
}

}  // namespace livecca
