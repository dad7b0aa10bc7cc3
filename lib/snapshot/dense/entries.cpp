#include "snapshot/dense/entries.hpp"

#include <algorithm>

namespace livecca {

using Eigen::Index;
using Eigen::MatrixXd;

double largest_entry(const MatrixXd& matrix, const Tasks& tasks) {
  if (matrix.size() == 0) return 0;
  Eigen::VectorXd largest(matrix.cols());
  tasks.for_columns(matrix.cols(), [&](Index first, Index count) {
    largest.segment(first, count) =
        matrix.middleCols(first, count).cwiseAbs().colwise().maxCoeff().transpose();
  });
  return largest.maxCoeff();
}

MatrixXd zeros(Index rows, Index columns, const Tasks& tasks) {
  MatrixXd result(rows, columns);
  tasks.for_columns(columns,
                    [&](Index first, Index count) { result.middleCols(first, count).setZero(); });
  return result;
}

void scale_rows(MatrixXd& matrix, const Eigen::VectorXd& factors, const Tasks& tasks) {
  tasks.for_columns(matrix.cols(), [&](Index first, Index count) {
    auto columns = matrix.middleCols(first, count);
    columns.array().colwise() *= factors.array();
  });
}

MatrixXd scaled_columns(const MatrixXd& matrix, const std::vector<Index>& columns,
                        const Eigen::VectorXd& factors, const Tasks& tasks) {
  const auto size = static_cast<Index>(columns.size());
  MatrixXd result(matrix.rows(), size);
  tasks.for_columns(size, [&](Index first, Index count) {
    for (Index k = first; k < first + count; ++k) {
      result.col(k) = factors(k) * matrix.col(columns[static_cast<std::size_t>(k)]);
    }
  });
  return result;
}

MatrixXd transposed(const MatrixXd& matrix, const Tasks& tasks) {
  MatrixXd result(matrix.cols(), matrix.rows());
  // In blocks, so that what is read across columns is read while it is near.
  constexpr Index block = 32;
  tasks.for_ranges(matrix.rows(), block, [&](Index row, Index rows) {
    for (Index column = 0; column < matrix.cols(); column += block) {
      const Index columns = std::min(block, matrix.cols() - column);
      result.block(column, row, columns, rows) =
          matrix.block(row, column, rows, columns).transpose();
    }
  });
  return result;
}

}  // namespace livecca
