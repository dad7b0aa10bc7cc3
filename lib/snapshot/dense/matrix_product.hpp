#pragma once

#include <Eigen/Core>

#include "snapshot/dense/tasks.hpp"

namespace livecca {

/// A matrix or a part of one, as it is or transposed.
struct MatrixView {
  const double* data = nullptr;
  Eigen::Index rows = 0;
  Eigen::Index columns = 0;
  Eigen::Index row_stride = 1;
  Eigen::Index column_stride = 0;

  template <typename Matrix>
  static MatrixView of(const Matrix& matrix) {
    return {matrix.data(), matrix.rows(), matrix.cols(), matrix.innerStride(),
            matrix.outerStride()};
  }
  MatrixView transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  friend bool operator==(const MatrixView&, const MatrixView&) = default;
};

/// What is known of a product A B.
enum class Structure {
  none,
  a_lower,    ///< A is lower triangular, with zeros above: most of them are not read
  b_upper,    ///< B is upper triangular, with zeros below
  symmetric,  ///< the result is symmetric: only its lower triangle is computed
};

/// result += factor · A B, by the kernels of moments/products. Every element is summed up in one
/// order, however many threads there are. With `symmetric`, elements above the diagonal may
/// change too.
void add_product(double factor, const MatrixView& a, const MatrixView& b, Structure structure,
                 Eigen::Ref<Eigen::MatrixXd> result, const Tasks& tasks);

/// A B; small ones by Eigen. With `symmetric`, too, the whole result is set.
Eigen::MatrixXd product(const MatrixView& a, const MatrixView& b, Structure structure,
                        const Tasks& tasks);

template <typename A, typename B>
Eigen::MatrixXd product(const A& a, const B& b, Structure structure, const Tasks& tasks) {
  return product(MatrixView::of(a), MatrixView::of(b), structure, tasks);
}
/// Aᵀ B.
template <typename A, typename B>
Eigen::MatrixXd transposed_product(const A& a, const B& b, Structure structure,
                                   const Tasks& tasks) {
  return product(MatrixView::of(a).transposed(), MatrixView::of(b), structure, tasks);
}

}  // namespace livecca
