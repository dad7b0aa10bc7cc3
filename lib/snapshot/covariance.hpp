#pragma once

#include <Eigen/Core>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// The moments' scatter over their divisor, features × features, whole.
Eigen::MatrixXd covariance_of(const Moments& moments);

/// The same of a pair, features_x × features_y.
Eigen::MatrixXd covariance_of(const CrossMoments& moments);

}  // namespace livecca
