#include <Eigen/Eigenvalues>
#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>
#include <vector>

#include "snapshot/decompositions.hpp"
#include "snapshot/dense/divide_and_conquer.hpp"
#include "snapshot/dense/entries.hpp"
#include "snapshot/dense/tridiagonal.hpp"
#include "snapshot/dense/tridiagonal_values.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// A matrix made tridiagonal, of which the largest entry is 1, and what all were divided by.
struct Reduced {
  Tridiagonal tridiagonal;
  double scale = 1;
};

Reduced reduce(MatrixXd matrix, const Tasks& tasks) {
  Reduced result;
  const double largest = largest_entry(matrix, tasks);
  if (!squares_are_safe(largest)) {
    matrix /= largest;
    result.scale = largest;
  }
  result.tridiagonal = tridiagonalize(std::move(matrix), tasks);
  Tridiagonal& of = result.tridiagonal;
  const double left = std::max(of.diagonal.cwiseAbs().maxCoeff(), of.beside.cwiseAbs().maxCoeff());
  if (left == 0) return result;
  of.diagonal /= left;
  of.beside /= left;
  result.scale *= left;
  return result;
}

/// Of descending values those above this share of the first.
Index count_above(const VectorXd& values, double share) {
  return std::ranges::count_if(values, [&](double v) { return v > share * values(0); });
}

SymmetricEigen taken(const Eigen::SelfAdjointEigenSolver<MatrixXd>& solver, bool vectors) {
  SymmetricEigen result;
  if (solver.info() != Eigen::Success || !solver.eigenvalues().allFinite()) return result;
  result.values = solver.eigenvalues().reverse();
  if (vectors) {
    if (!solver.eigenvectors().allFinite()) return result;
    result.vectors = solver.eigenvectors().rowwise().reverse();
  }
  result.converged = true;
  return result;
}

SymmetricEigen by_eigen(const MatrixXd& matrix, bool vectors) {
  const auto options = vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly;
  return taken(Eigen::SelfAdjointEigenSolver<MatrixXd>(matrix, options), vectors);
}

/// Slower than divide and conquer.
SymmetricEigen by_eigen(const Tridiagonal& reduced, bool vectors, const Tasks& tasks) {
  Eigen::SelfAdjointEigenSolver<MatrixXd> solver;
  solver.computeFromTridiagonal(reduced.diagonal, reduced.beside,
                                vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  SymmetricEigen result = taken(solver, vectors);
  if (result.converged && vectors) apply_reflections(reduced, result.vectors, tasks);
  return result;
}

/// Vectors of eigenvalues up to this share of the largest one.
SymmetricEigen with_vectors(const Tridiagonal& reduced, double share, const Tasks& tasks) {
  SymmetricEigen result;
  const TridiagonalEigen eigen = divide_and_conquer(reduced.diagonal, reduced.beside, tasks, share);
  if (!eigen.converged || !eigen.values.allFinite()) return result;
  std::vector<Index> order(static_cast<std::size_t>(eigen.values.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](Index i) { return eigen.values(i); });
  result.values = eigen.values(order);
  const Index first = share < 1 ? count_above(result.values, share) : 0;
  const Index size = result.values.size();
  result.vectors.resize(size, size - first);
  tasks.for_columns(size - first, [&](Index begin, Index count) {
    for (Index k = begin; k < begin + count; ++k) {
      result.vectors.col(k) = eigen.vectors.col(order[static_cast<std::size_t>(first + k)]);
    }
  });
  apply_reflections(reduced, result.vectors, tasks);
  std::atomic<bool> finite = true;
  tasks.for_columns(size - first, [&](Index begin, Index count) {
    if (!result.vectors.middleCols(begin, count).allFinite()) finite = false;
  });
  result.converged = finite;
  return result;
}

SymmetricEigen values_of(const Tridiagonal& reduced) {
  SymmetricEigen result;
  result.values = tridiagonal_eigenvalues(reduced.diagonal, reduced.beside).reverse();
  result.converged = result.values.size() == reduced.diagonal.size() && result.values.allFinite();
  return result;
}

}  // namespace

SymmetricEigen symmetric_eigen(MatrixXd matrix, bool vectors, const Tasks& tasks) {
  if (matrix.size() == 0) return {};
  if (matrix.rows() < wide_problem) return by_eigen(matrix, vectors);
  const auto [reduced, scale] = reduce(std::move(matrix), tasks);
  SymmetricEigen result = vectors ? with_vectors(reduced, 1, tasks) : values_of(reduced);
  if (!result.converged) result = by_eigen(reduced, vectors, tasks);
  result.values *= scale;
  return result;
}

SymmetricEigen smallest_eigenvectors(MatrixXd matrix, double share, const Tasks& tasks) {
  if (matrix.rows() < wide_problem) {
    const Index size = matrix.rows();
    SymmetricEigen result = symmetric_eigen(std::move(matrix), true, tasks);
    if (!result.converged) return result;
    result.vectors = result.vectors.rightCols(size - count_above(result.values, share)).eval();
    return result;
  }
  const auto [reduced, scale] = reduce(std::move(matrix), tasks);
  SymmetricEigen result = with_vectors(reduced, share, tasks);
  result.values *= scale;
  return result;
}

}  // namespace livecca
