#include "snapshot/dense/divide_and_conquer.hpp"

#include <Eigen/Eigenvalues>
#include <atomic>
#include <cmath>
#include <utility>

#include "snapshot/dense/entries.hpp"
#include "snapshot/dense/merged_halves.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index largest_leaf = 16;
/// From so many merges on they run side by side; fewer and larger ones use the threads within.
constexpr Index many_merges = 4;

/// Where the `part`-th of so many equal parts begins.
Index begin_of(Index part, Index parts, Index size) { return part * size / parts; }

void merge_level(Index parts, const VectorXd& beside, TridiagonalEigen& eigen, MatrixXd& merged,
                 double share, const Tasks& tasks) {
  const Index size = eigen.values.size();
  const auto merge = [&](Index k, const Tasks& within) {
    const Index first = begin_of(2 * k, parts, size);
    const Index middle = begin_of(2 * k + 1, parts, size);
    const Index width = begin_of(2 * k + 2, parts, size) - first;
    merge_halves({.values = eigen.values.segment(first, width),
                  .vectors = eigen.vectors.block(first, first, width, width),
                  .first = middle - first,
                  .between = beside(middle - 1)},
                 share, merged.block(first, first, width, width), within);
  };
  const Index merges = parts / 2;
  if (merges >= many_merges) {
    tasks.for_each(static_cast<std::size_t>(merges),
                   [&](std::size_t k) { merge(static_cast<Index>(k), Tasks()); });
  } else {
    for (Index k = 0; k < merges; ++k) merge(k, tasks);
  }
}

}  // namespace

TridiagonalEigen divide_and_conquer(VectorXd diagonal, const VectorXd& beside, const Tasks& tasks,
                                    double share) {
  const Index size = diagonal.size();
  Index parts = 1;
  while ((size + parts - 1) / parts > largest_leaf) parts *= 2;
  for (Index k = 1; k < parts; ++k) {
    const Index at = begin_of(k, parts, size);
    diagonal(at - 1) -= std::abs(beside(at - 1));
    diagonal(at) -= std::abs(beside(at - 1));
  }
  TridiagonalEigen eigen;
  eigen.values.resize(size);
  eigen.vectors = zeros(size, size, tasks);
  std::atomic<bool> converged = true;
  tasks.for_each(static_cast<std::size_t>(parts), [&](std::size_t part) {
    const Index first = begin_of(static_cast<Index>(part), parts, size);
    const Index width = begin_of(static_cast<Index>(part) + 1, parts, size) - first;
    Eigen::SelfAdjointEigenSolver<MatrixXd> leaf;
    leaf.computeFromTridiagonal(diagonal.segment(first, width).eval(),
                                beside.segment(first, width - 1).eval());
    if (leaf.info() != Eigen::Success) converged = false;
    eigen.values.segment(first, width) = leaf.eigenvalues();
    eigen.vectors.block(first, first, width, width) = leaf.eigenvectors();
  });
  if (!converged) return eigen;
  MatrixXd merged = zeros(size, size, tasks);
  for (; parts > 1; parts /= 2) {
    merge_level(parts, beside, eigen, merged, parts == 2 ? share : 1, tasks);
    std::swap(eigen.vectors, merged);
  }
  eigen.converged = true;
  return eigen;
}

}  // namespace livecca
