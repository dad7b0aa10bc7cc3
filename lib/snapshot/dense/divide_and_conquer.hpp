#pragma once

#include <Eigen/Core>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// Eigenvalues and orthonormal eigenvectors of a symmetric tridiagonal matrix, in no order.
struct TridiagonalEigen {
  bool converged = false;
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

/// Halves the matrix, solves the halves, and puts them together: a change of rank one (Cuppen 1981;
/// Gu and Eisenstat 1994, which is how the vectors are orthogonal to a few ε whatever the
/// eigenvalues). The largest entry should be about 1. Costs at most 4/3·d³ flops, nearly all of
/// them for products of matrices, and a quarter of that if vectors are wanted of only a few: of
/// eigenvalues that are at most `share` of the largest one. The columns of the others are not set.
TridiagonalEigen divide_and_conquer(Eigen::VectorXd diagonal, const Eigen::VectorXd& beside,
                                    const Tasks& tasks, double share = 1);

}  // namespace livecca
