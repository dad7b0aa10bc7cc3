#include <Eigen/Eigenvalues>

#include "snapshot/decompositions.hpp"

namespace livecca {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Empty if it did not converge. Only the reduction, which takes nearly all of the time, is in this
/// precision.
template <typename Scalar>
VectorXd eigenvalues_by(const MatrixXd& matrix) {
  using Reduction =
      Eigen::Tridiagonalization<Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>>;
  if (matrix.rows() < 2) return matrix.diagonal();
  const double scale = matrix.cwiseAbs().maxCoeff();
  if (!(scale > 0)) return VectorXd::Zero(matrix.rows());
  const Reduction reduced((matrix / scale).cast<Scalar>());
  const VectorXd diagonal = reduced.diagonal().template cast<double>();
  const VectorXd beside = reduced.subDiagonal().template cast<double>();
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(diagonal, beside, Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success || !solver.eigenvalues().allFinite()) return {};
  return scale * solver.eigenvalues().reverse();
}

}  // namespace

VectorXd symmetric_eigenvalues(const MatrixXd& matrix) {
  const VectorXd values = eigenvalues_by<double>(matrix);
  return values.size() == matrix.rows() ? values : symmetric_eigen(matrix, false).values;
}

VectorXd rough_symmetric_eigenvalues(const MatrixXd& matrix) {
  return eigenvalues_by<float>(matrix);
}

}  // namespace livecca
