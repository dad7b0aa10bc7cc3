#pragma once

#include <Eigen/Core>
#include <optional>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// A Cholesky factor L of S = L Lᵀ, and its inverse.
struct CholeskyFactor {
  Eigen::MatrixXd lower;    ///< zeros above the diagonal
  Eigen::MatrixXd inverse;  ///< the same
  /// An estimate of 1 / (‖S‖₁ ‖S⁻¹‖₁).
  double reciprocal_condition = 0;
};

/// Reads the lower triangle. Nothing if S is not positive definite, as far as rounding lets it be
/// seen. The inverse is made only if the condition allows it: otherwise it is empty. Small matrices
/// by Eigen, others in blocks: d³/3 flops for each of the two.
std::optional<CholeskyFactor> cholesky(const Eigen::MatrixXd& matrix,
                                       double smallest_reciprocal_condition, const Tasks& tasks);

}  // namespace livecca
