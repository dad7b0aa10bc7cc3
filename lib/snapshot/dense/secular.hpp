#pragma once

#include <Eigen/Core>

namespace livecca {

/// The eigenvalues of diag(poles) + strength · z zᵀ. Poles ascend and differ, no z is 0, and the
/// strength is above 0.
struct SecularEquation {
  const Eigen::VectorXd& poles;
  const Eigen::VectorXd& squares;  ///< zᵢ²
  double strength = 0;

  /// The j-th eigenvalue, which lies above the j-th pole and below the next one. Sets
  /// `differences` to poles − eigenvalue, each to a few ε of itself: they are found from the
  /// nearest pole on. By rational interpolation (Li 1993, the middle way), with bisection where
  /// that leaves the bracket.
  double solve(Eigen::Index j, double* differences) const;
};

}  // namespace livecca
