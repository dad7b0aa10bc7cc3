#include "snapshot/covariance.hpp"

#include <algorithm>

namespace livecca {

using Eigen::Index;
using Eigen::MatrixXd;

MatrixXd covariance_of(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const double divisor = moments.weights().covariance_divisor();
  MatrixXd covariance(features, features);
  // In blocks, so that what is read across columns is read while it is near.
  constexpr Index block = 32;
  for (Index column = 0; column < features; column += block) {
    const Index columns = std::min(block, features - column);
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
  }
  return covariance;
}

MatrixXd covariance_of(const CrossMoments& moments) {
  return Eigen::Map<const MatrixXd>(moments.product().data(),
                                    static_cast<Index>(moments.features_x()),
                                    static_cast<Index>(moments.features_y())) /
         moments.weights().covariance_divisor();
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
