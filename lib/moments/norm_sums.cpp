#include "moments/norm_sums.hpp"

#include <Eigen/Core>

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Eigen::Map<const VectorXd> vector(std::span<const double> values) {
  return {values.data(), static_cast<Index>(values.size())};
}

Eigen::Map<VectorXd> vector(std::vector<double>& values) {
  return {values.data(), static_cast<Index>(values.size())};
}

double squared_norm(const double* row, std::span<const double> shift) {
  double sum = 0;
  for (std::size_t j = 0; j < shift.size(); ++j) {
    const double value = row[j] + shift[j];
    sum += value * value;
  }
  return sum;
}

void add_scaled(std::vector<double>& into, double factor, const double* row,
                std::span<const double> shift) {
  for (std::size_t j = 0; j < shift.size(); ++j) into[j] += factor * (row[j] + shift[j]);
}

}  // namespace

void recenter(NormSums& sums, std::span<const double> scatter, double n, std::span<const double> dx,
              NormScratch& scratch) {
  scratch.x.resize(dx.size());  // for nothing too, so that later steps need not
  if (n == 0) return;
  const auto d = static_cast<Index>(dx.size());
  const auto shift = vector(dx);
  auto product = vector(scratch.x);
  product.noalias() =
      Eigen::Map<const MatrixXd>(scatter.data(), d, d).selfadjointView<Eigen::Lower>() * shift;
  auto px = vector(sums.px);
  const double squared = shift.squaredNorm();
  sums.pp +=
      4 * shift.dot(product) + n * squared * squared + 4 * shift.dot(px) + 2 * squared * sums.p;
  px += (sums.p + n * squared) * shift + 2 * product;
  sums.p += n * squared;
}

void recenter(CrossNormSums& sums, std::span<const double> product, double n,
              std::span<const double> dx, std::span<const double> dy, NormScratch& scratch) {
  scratch.x.resize(dx.size());
  scratch.y.resize(dy.size());
  if (n == 0) return;
  const Eigen::Map<const MatrixXd> cross(product.data(), static_cast<Index>(dx.size()),
                                         static_cast<Index>(dy.size()));
  const auto shift_x = vector(dx);
  const auto shift_y = vector(dy);
  auto cross_y = vector(scratch.x);
  auto cross_x = vector(scratch.y);
  cross_y.noalias() = cross * shift_y;
  cross_x.noalias() = cross.transpose() * shift_x;
  auto qx = vector(sums.qx);
  auto py = vector(sums.py);
  const double squared_x = shift_x.squaredNorm();
  const double squared_y = shift_y.squaredNorm();
  sums.pq += 2 * shift_y.dot(py) + squared_y * sums.p + 2 * shift_x.dot(qx) +
             4 * shift_x.dot(cross_y) + squared_x * sums.q + n * squared_x * squared_y;
  qx += (sums.q + n * squared_y) * shift_x + 2 * cross_y;
  py += (sums.p + n * squared_x) * shift_y + 2 * cross_x;
  sums.p += n * squared_x;
  sums.q += n * squared_y;
}

void add_rows(NormSums& sums, std::span<const double> rows, std::size_t count,
              std::span<const double> dx) {
  const double* row = rows.data();
  for (std::size_t i = 0; i < count; ++i, row += dx.size()) {
    const double p = squared_norm(row, dx);
    sums.p += p;
    sums.pp += p * p;
    add_scaled(sums.px, p, row, dx);
  }
}

void add_rows(CrossNormSums& sums, std::span<const double> rows_x, std::span<const double> rows_y,
              std::size_t count, std::span<const double> dx, std::span<const double> dy) {
  const double* x = rows_x.data();
  const double* y = rows_y.data();
  for (std::size_t i = 0; i < count; ++i, x += dx.size(), y += dy.size()) {
    const double p = squared_norm(x, dx);
    const double q = squared_norm(y, dy);
    sums.p += p;
    sums.q += q;
    sums.pq += p * q;
    add_scaled(sums.qx, q, x, dx);
    add_scaled(sums.py, p, y, dy);
  }
}

void add(NormSums& into, const NormSums& from) {
  into.p += from.p;
  into.pp += from.pp;
  vector(into.px) += vector(std::span<const double>(from.px));
}

void add(CrossNormSums& into, const CrossNormSums& from) {
  into.p += from.p;
  into.q += from.q;
  into.pq += from.pq;
  vector(into.qx) += vector(std::span<const double>(from.qx));
  vector(into.py) += vector(std::span<const double>(from.py));
}

}  // namespace livecca
