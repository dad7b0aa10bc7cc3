#pragma once

#include <Eigen/Core>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// Two halves of a tridiagonal matrix that have their eigenvectors, and the entry that joins them.
struct Halves {
  Eigen::Ref<Eigen::VectorXd> values;   ///< of both; those of the whole when merged
  Eigen::Ref<Eigen::MatrixXd> vectors;  ///< of the halves, as blocks of a diagonal; is used up
  Eigen::Index first = 0;               ///< rows of the first half
  /// The entry. Both neighbours on the diagonal are less by its size.
  double between = 0;
};

/// Writes the eigenvectors of the whole to `merged`: those whose eigenvalue is at most this share
/// of the largest one. The other columns are not set.
void merge_halves(Halves halves, double share, Eigen::Ref<Eigen::MatrixXd> merged,
                  const Tasks& tasks);

}  // namespace livecca
