#pragma once

#include <Eigen/Core>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// A = Q T Qᵀ for a symmetric A: T is tridiagonal, Q a product of Householder reflections.
struct Tridiagonal {
  Eigen::VectorXd diagonal;
  Eigen::VectorXd beside;  ///< one shorter
  /// Column i, from row i + 1 on, is the vector vᵢ of the reflection 1 − scaleᵢ vᵢ vᵢᵀ; Q is their
  /// product in this order.
  Eigen::MatrixXd reflections;
  Eigen::VectorXd scales;
};

/// Reads the lower triangle of a matrix whose squares stay in float64. Blocked (Dongarra,
/// Sorensen, Hammarling 1989): half of the 4/3·d³ flops multiply matrices, the other half multiply
/// the matrix by a vector, as fast as memory is.
Tridiagonal tridiagonalize(Eigen::MatrixXd matrix, const Tasks& tasks);

/// vectors = Q vectors. Blocked (Schreiber, Van Loan 1989). Costs 2·d³ flops for d vectors.
void apply_reflections(const Tridiagonal& reduced, Eigen::MatrixXd& vectors, const Tasks& tasks);

}  // namespace livecca
