#include <Eigen/Eigenvalues>
#include <algorithm>
#include <numeric>
#include <vector>

#include "snapshot/decompositions.hpp"
#include "snapshot/dense/divide_and_conquer.hpp"
#include "snapshot/dense/tridiagonal.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Below, Eigen is as fast.
constexpr Index wide = 48;

SymmetricEigen by_eigen(const MatrixXd& matrix, bool vectors) {
  SymmetricEigen result;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(
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

SymmetricEigen with_vectors(const Tridiagonal& reduced, const Tasks& tasks) {
  SymmetricEigen result;
  const TridiagonalEigen eigen = divide_and_conquer(reduced.diagonal, reduced.beside, tasks);
  if (!eigen.converged || !eigen.values.allFinite()) return result;
  std::vector<Index> order(static_cast<std::size_t>(eigen.values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](Index i) { return eigen.values(i); });
  result.values = eigen.values(order);
  result.vectors.resize(eigen.values.size(), eigen.values.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    result.vectors.col(static_cast<Index>(k)) = eigen.vectors.col(order[k]);
  }
  apply_reflections(reduced, result.vectors, tasks);
  result.converged = result.vectors.allFinite();
  return result;
}

SymmetricEigen values_of(const Tridiagonal& reduced) {
  SymmetricEigen result;
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(reduced.diagonal, reduced.beside, Eigen::EigenvaluesOnly);
  result.values = solver.eigenvalues().reverse();
  result.converged = solver.info() == Eigen::Success && result.values.allFinite();
  return result;
}

}  // namespace

SymmetricEigen symmetric_eigen(const MatrixXd& matrix, bool vectors, const Tasks& tasks) {
  if (matrix.size() == 0) return {};
  if (matrix.rows() < wide) return by_eigen(matrix, vectors);
  double scale = matrix.cwiseAbs().maxCoeff();
  if (!(scale > 0)) scale = 1;
  const Tridiagonal reduced = tridiagonalize(matrix / scale, tasks);
  SymmetricEigen result = vectors ? with_vectors(reduced, tasks) : values_of(reduced);
  result.values *= scale;
  return result.converged ? result : by_eigen(matrix, vectors);
}

}  // namespace livecca
