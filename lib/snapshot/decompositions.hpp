#pragma once

#include <Eigen/Core>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// Eigenvalues and singular values for the solve. Small ones are Eigen's, wide ones are made of
/// products of matrices, see dense/ (docs/decisions/0003). Bits do not depend on the tasks.

/// Eigenvalues in descending order, and their unit eigenvectors as columns where asked for.
struct SymmetricEigen {
  bool converged = false;
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

/// The matrix is whole; every entry must be finite. Without vectors at half of the cost.
SymmetricEigen symmetric_eigen(Eigen::MatrixXd matrix, bool vectors, const Tasks& tasks);

/// All eigenvalues, but vectors only of those that are at most this share of the largest one: the
/// columns of `vectors` belong to the last eigenvalues. For a positive semidefinite matrix. Little
/// more than without vectors if they are few.
SymmetricEigen smallest_eigenvectors(Eigen::MatrixXd matrix, double share, const Tasks& tasks);

/// Below, Eigen is as fast.
inline constexpr Eigen::Index wide_problem = 48;

/// The sides whose singular vectors are asked for.
enum class Vectors { none, left, both };

/// Singular values in descending order, and min(rows, columns) vectors of the sides asked for.
struct SingularValues {
  bool converged = false;
  Eigen::VectorXd values;
  Eigen::MatrixXd left;
  Eigen::MatrixXd right;
};

/// Every entry must be finite. Values have an error of some ε of the largest one, also small ones:
/// eigenvalues of the square alone would lose them.
SingularValues singular_values(const Eigen::MatrixXd& matrix, Vectors vectors, const Tasks& tasks);

/// The same for wide matrices, from eigenvectors of squares: those of the largest values first,
/// then of what is left without them, which is smaller, and so on.
SingularValues singular_values_by_squares(const Eigen::MatrixXd& matrix, Vectors vectors,
                                          const Tasks& tasks);

}  // namespace livecca
