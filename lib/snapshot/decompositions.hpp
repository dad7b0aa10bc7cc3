#pragma once

#include <Eigen/Core>

namespace livecca {

/// The decompositions of the solve, in one place. Eigen's, because they run inside parallel loops,
/// where a vendor LAPACK with one global lock runs at half its speed (docs/decisions/0003).

/// Eigenvalues in descending order, and their unit eigenvectors as columns where asked for.
struct SymmetricEigen {
  bool converged = false;
  Eigen::VectorXd values;
  Eigen::MatrixXd vectors;
};

/// Reads the lower triangle; every entry must be finite. Without vectors at a sixth of the cost.
SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& matrix, bool vectors);

/// Singular values in descending order, and min(rows, columns) vectors a side where asked for.
struct SingularValues {
  bool converged = false;
  Eigen::VectorXd values;
  Eigen::MatrixXd left;
  Eigen::MatrixXd right;
};

/// Every entry must be finite. An SVD rather than eigenvalues of the square: those lose the digits
/// of small canonical correlations.
SingularValues singular_values(const Eigen::MatrixXd& matrix, bool vectors);

}  // namespace livecca
