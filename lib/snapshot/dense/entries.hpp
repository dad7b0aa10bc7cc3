#pragma once

#include <Eigen/Core>
#include <vector>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// The largest magnitude of a matrix; 0 of an empty one.
double largest_entry(const Eigen::MatrixXd& matrix, const Tasks& tasks);

/// Zeros, written by all tasks: a large matrix is new memory, which costs at the first touch.
Eigen::MatrixXd zeros(Eigen::Index rows, Eigen::Index columns, const Tasks& tasks);

/// Multiplies every row by its factor.
void scale_rows(Eigen::MatrixXd& matrix, const Eigen::VectorXd& factors, const Tasks& tasks);

/// Some columns, each times its factor.
Eigen::MatrixXd scaled_columns(const Eigen::MatrixXd& matrix,
                               const std::vector<Eigen::Index>& columns,
                               const Eigen::VectorXd& factors, const Tasks& tasks);

/// The transposed matrix.
Eigen::MatrixXd transposed(const Eigen::MatrixXd& matrix, const Tasks& tasks);

/// Whether sums of squares of a matrix with this largest entry stay in float64, and what is lost of
/// small ones is below rounding.
inline bool squares_are_safe(double largest) {
  return largest == 0 || (largest > 1e-100 && largest < 1e100);
}

}  // namespace livecca
