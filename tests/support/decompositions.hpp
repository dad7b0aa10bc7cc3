#pragma once

#include <Eigen/Core>

// Eigen's decompositions, compiled once for all tests: each takes a compiler several seconds.

namespace livecca_tests {

/// Each column less its mean.
Eigen::MatrixXd centered(const Eigen::MatrixXd& matrix);

/// Orthonormal columns that span the columns of a matrix of full column rank: Householder QR.
Eigen::MatrixXd orthonormal_basis(const Eigen::Ref<const Eigen::MatrixXd>& matrix);
Eigen::MatrixXcd orthonormal_basis(const Eigen::Ref<const Eigen::MatrixXcd>& matrix);

/// The same for a matrix of any rank, with as many columns as the rank: QR with pivots.
Eigen::MatrixXd orthonormal_basis_of_any_rank(const Eigen::MatrixXd& matrix);

/// matrix = left · diag(values) · right*, values descending: one-sided Jacobi.
template <typename Matrix>
struct SingularValueDecomposition {
  Matrix left;
  Eigen::VectorXd values;
  Matrix right;
};
SingularValueDecomposition<Eigen::MatrixXd> svd(const Eigen::Ref<const Eigen::MatrixXd>& matrix);
SingularValueDecomposition<Eigen::MatrixXcd> svd(const Eigen::Ref<const Eigen::MatrixXcd>& matrix);

/// Ascending, of a symmetric matrix.
Eigen::VectorXd eigenvalues(const Eigen::MatrixXd& matrix);

}  // namespace livecca_tests
