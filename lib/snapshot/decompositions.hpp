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

/// The eigenvalues in descending order, with an error of some ε of the largest: in half of the time
/// that symmetric_eigen() takes without vectors, and less where matrices are small. Every entry
/// must be finite. Empty if it did not converge.
Eigen::VectorXd symmetric_eigenvalues(const Eigen::MatrixXd& matrix);

/// The same by float32, with an error of about 1e-7 of the largest, in half of the time for wide
/// matrices.
Eigen::VectorXd rough_symmetric_eigenvalues(const Eigen::MatrixXd& matrix);

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
