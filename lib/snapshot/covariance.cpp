#include "snapshot/covariance.hpp"

namespace livecca {

using Eigen::Index;
using Eigen::MatrixXd;

MatrixXd covariance_of(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const MatrixXd full = scatter.selfadjointView<Eigen::Lower>();
  return full / moments.weights().covariance_divisor();
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
