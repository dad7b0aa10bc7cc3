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

/// The matrix is whole. Nothing if S is not positive definite, as far as rounding lets it be
/// seen. Without its inverse, which is then empty, if the condition is worse than allowed. By
/// halves, with about d³ flops that are nearly all products. It multiplies by inverses of halves of
/// L, which loses ε · condition of L.
std::optional<CholeskyFactor> cholesky(const Eigen::MatrixXd& matrix,
                                       double smallest_reciprocal_condition, const Tasks& tasks);

}  // namespace livecca
