#include <Eigen/Eigenvalues>
#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "snapshot/decompositions.hpp"
#include "snapshot/dense/divide_and_conquer.hpp"
#include "snapshot/dense/tridiagonal.hpp"
#include "snapshot/dense/tridiagonal_values.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index columns_at_once = 64;

/// The largest entry; 1 of a matrix of zeros.
double scale_of(const MatrixXd& matrix) {
  const double largest = matrix.cwiseAbs().maxCoeff();
  return largest > 0 ? largest : 1;
}

/// Of descending values those above this share of the first.
Index count_above(const VectorXd& values, double share) {
  return std::ranges::count_if(values, [&](double v) { return v > share * values(0); });
}

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
  tasks.for_ranges(size - first, columns_at_once, [&](Index begin, Index count) {
    for (Index k = begin; k < begin + count; ++k) {
      result.vectors.col(k) = eigen.vectors.col(order[static_cast<std::size_t>(first + k)]);
    }
  });
  apply_reflections(reduced, result.vectors, tasks);
  std::atomic<bool> finite = true;
  tasks.for_ranges(size - first, columns_at_once, [&](Index begin, Index count) {
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

SymmetricEigen symmetric_eigen(const MatrixXd& matrix, bool vectors, const Tasks& tasks) {
  if (matrix.size() == 0) return {};
  if (matrix.rows() < wide_problem) return by_eigen(matrix, vectors);
  const double scale = scale_of(matrix);
  const Tridiagonal reduced = tridiagonalize(matrix / scale, tasks);
  SymmetricEigen result = vectors ? with_vectors(reduced, 1, tasks) : values_of(reduced);
  result.values *= scale;
  return result.converged ? result : by_eigen(matrix, vectors);
}

SymmetricEigen smallest_eigenvectors(const MatrixXd& matrix, double share, const Tasks& tasks) {
  if (matrix.rows() < wide_problem) {
    SymmetricEigen result = symmetric_eigen(matrix, true, tasks);
    if (!result.converged) return result;
    result.vectors =
        result.vectors.rightCols(matrix.rows() - count_above(result.values, share)).eval();
    return result;
  }
  const double scale = scale_of(matrix);
  const Tridiagonal reduced = tridiagonalize(matrix / scale, tasks);
  SymmetricEigen result = with_vectors(reduced, share, tasks);
  result.values *= scale;
  return result;
}

}  // namespace livecca
