#include "snapshot/covariance.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd covariance_of(const Moments& moments, const Tasks& tasks) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const double divisor = moments.weights().covariance_divisor();
  MatrixXd covariance(features, features);
  // In blocks, so that what is read across columns is read while it is near.
  constexpr Index block = 32;
  tasks.for_ranges(features, block, [&](Index column, Index columns) {
    for (Index row = column; row < features; row += block) {
      const Index rows = std::min(block, features - row);
      auto below = covariance.block(row, column, rows, columns);
      below = scatter.block(row, column, rows, columns) / divisor;
      if (row == column) {
        below.triangularView<Eigen::StrictlyUpper>() = below.transpose();
      } else {
        covariance.block(column, row, columns, rows) = below.transpose();
      }
    }
  });
  return covariance;
}

MatrixXd covariance_of(const CrossMoments& moments, const Tasks& tasks) {
  const auto rows = static_cast<Index>(moments.features_x());
  const auto columns = static_cast<Index>(moments.features_y());
  const Eigen::Map<const MatrixXd> product(moments.product().data(), rows, columns);
  const double divisor = moments.weights().covariance_divisor();
  MatrixXd covariance(rows, columns);
  tasks.for_columns(columns, [&](Index first, Index count) {
    covariance.middleCols(first, count) = product.middleCols(first, count) / divisor;
  });
  return covariance;
}

namespace {

/// Whether a sum of squares has lost nothing at either end of float64.
bool is_safe(double squares) { return squares > 1e-280 && squares < 1e280; }

}  // namespace

double scatter_norm(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const double squares_on = scatter.diagonal().squaredNorm();
  double squares_below = 0;
  for (Index j = 0; j + 1 < features; ++j) {
    squares_below += scatter.col(j).tail(features - j - 1).squaredNorm();
  }
  const double squares = squares_on + 2 * squares_below;
  if (is_safe(squares) || std::isnan(squares)) return std::sqrt(squares);
  const MatrixXd whole = scatter.selfadjointView<Eigen::Lower>();
  return whole.stableNorm();
}

double product_norm(const CrossMoments& moments) {
  const Eigen::Map<const VectorXd> product(moments.product().data(),
                                           static_cast<Index>(moments.product().size()));
  const double squares = product.squaredNorm();
  return is_safe(squares) || std::isnan(squares) ? std::sqrt(squares) : product.stableNorm();
}

MatrixXd real_form(const MatrixXd& parts) {
  const Index rows = parts.rows() / 2;
  const Index columns = parts.cols() / 2;
  MatrixXd result(parts.rows(), parts.cols());
  result.topLeftCorner(rows, columns) =
      parts.topLeftCorner(rows, columns) + parts.bottomRightCorner(rows, columns);
  result.bottomLeftCorner(rows, columns) =
      parts.bottomLeftCorner(rows, columns) - parts.topRightCorner(rows, columns);
  result.topRightCorner(rows, columns) = -result.bottomLeftCorner(rows, columns);
  result.bottomRightCorner(rows, columns) = result.topLeftCorner(rows, columns);
  return result;
}

}  // namespace livecca
