#include <Eigen/Eigenvalues>

#include "snapshot/decompositions.hpp"

namespace livecca {

SymmetricEigen symmetric_eigen(const Eigen::MatrixXd& matrix, bool vectors) {
  SymmetricEigen result;
  if (matrix.size() == 0) return result;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      matrix, vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success || !solver.eigenvalues().allFinite()) return result;
  result.values = solver.eigenvalues().reverse();
  if (vectors) {
    if (!solver.eigenvectors().allFinite()) return result;
    result.vectors = solver.eigenvectors().rowwise().reverse();
  }
  result.converged = true;
  return result;
}

}  // namespace livecca
