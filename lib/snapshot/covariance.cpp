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

}  // namespace livecca
