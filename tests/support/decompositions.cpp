#include "support/decompositions.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>

namespace livecca_tests {
namespace {

template <typename Matrix>
Matrix basis_of(const Matrix& matrix) {
  return Eigen::HouseholderQR<Matrix>(matrix).householderQ() *
         Matrix::Identity(matrix.rows(), matrix.cols());
}

template <typename Matrix>
SingularValueDecomposition<Matrix> svd_of(const Matrix& matrix) {
  const Eigen::JacobiSVD<Matrix> result(matrix, Eigen::ComputeThinU | Eigen::ComputeThinV);
  return {result.matrixU(), result.singularValues(), result.matrixV()};
}

}  // namespace

Eigen::MatrixXd centered(const Eigen::MatrixXd& matrix) {
  return matrix.rowwise() - matrix.colwise().mean();
}

Eigen::MatrixXd orthonormal_basis(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  return basis_of<Eigen::MatrixXd>(matrix);
}

Eigen::MatrixXcd orthonormal_basis(const Eigen::Ref<const Eigen::MatrixXcd>& matrix) {
  return basis_of<Eigen::MatrixXcd>(matrix);
}

Eigen::MatrixXd orthonormal_basis_of_any_rank(const Eigen::MatrixXd& matrix) {
  const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(matrix);
  return qr.householderQ() * Eigen::MatrixXd::Identity(matrix.rows(), qr.rank());
}

SingularValueDecomposition<Eigen::MatrixXd> svd(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  return svd_of<Eigen::MatrixXd>(matrix);
}

SingularValueDecomposition<Eigen::MatrixXcd> svd(const Eigen::Ref<const Eigen::MatrixXcd>& matrix) {
  return svd_of<Eigen::MatrixXcd>(matrix);
}

Eigen::VectorXd eigenvalues(const Eigen::MatrixXd& matrix) {
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix, Eigen::EigenvaluesOnly)
      .eigenvalues();
}

}  // namespace livecca_tests
