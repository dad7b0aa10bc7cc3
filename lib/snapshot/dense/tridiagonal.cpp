#include "snapshot/dense/tridiagonal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "snapshot/dense/matrix_product.hpp"
#include "snapshot/dense/vector_kernel.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr Index panel_columns = 32;
constexpr Index reflections_at_once = 128;
/// Entries of the triangle that one task multiplies by a vector.
constexpr Index entries_at_once = 1 << 16;

std::size_t size_of(Index value) { return static_cast<std::size_t>(value); }

/// The reduction of a panel of columns after another.
class Reduction {
 public:
  Reduction(MatrixXd&& matrix, const Tasks& tasks)
      : tasks_(tasks), kernel_(vector_kernel()), size_(matrix.rows()) {
    result_.reflections = std::move(matrix);
    result_.diagonal.resize(size_);
    result_.beside.resize(size_ - 1);
    result_.scales.resize(size_ - 1);
    products_.resize(size_, panel_columns);
  }

  Tridiagonal run() && {
    for (Index first = 0; first + 1 < size_; first += panel_columns) {
      const Index columns = std::min(panel_columns, size_ - 1 - first);
      for (Index c = 0; c < columns; ++c) reduce_column(first, c);
      update_rest(first, columns);
    }
    result_.diagonal(size_ - 1) = result_.reflections(size_ - 1, size_ - 1);
    return std::move(result_);
  }

 private:
  MatrixXd& matrix() { return result_.reflections; }
  std::size_t stride() const { return size_of(size_); }

  /// Column `first` + c: what the panel's earlier columns change of it, then its reflection, then
  /// the column w with which it changes the rest: A − v wᵀ − w vᵀ.
  void reduce_column(Index first, Index c) {
    const Index i = first + c;
    const auto earlier = size_of(c);
    double* column = matrix().col(i).data();
    if (c > 0) {
      const VectorXd of_v = -matrix().row(i).segment(first, c);
      const VectorXd of_w = -products_.row(i).head(c);
      kernel_.add_columns(&matrix()(i, first), stride(), size_of(size_ - i), earlier, of_w.data(),
                          column + i);
      kernel_.add_columns(&products_(i, 0), stride(), size_of(size_ - i), earlier, of_v.data(),
                          column + i);
    }
    result_.diagonal(i) = column[i];
    reflect(i);
    VectorXd w = multiply_rest(i);
    const Index rest = size_ - i - 1;
    const double* v = column + i + 1;
    if (c > 0) {
      VectorXd dots(2 * c);
      kernel_.dots(&products_(i + 1, 0), stride(), size_of(rest), earlier, v, dots.data());
      kernel_.dots(&matrix()(i + 1, first), stride(), size_of(rest), earlier, v, dots.data() + c);
      dots = -dots;
      kernel_.add_columns(&matrix()(i + 1, first), stride(), size_of(rest), earlier, dots.data(),
                          w.data());
      kernel_.add_columns(&products_(i + 1, 0), stride(), size_of(rest), earlier, dots.data() + c,
                          w.data());
    }
    const double scale = result_.scales(i);
    const Eigen::Map<const VectorXd> reflection(v, rest);
    w *= scale;
    w -= scale / 2 * w.dot(reflection) * reflection;
    products_.col(c).tail(rest) = w;
  }

  /// The reflection that takes column i below the diagonal to a multiple of its first unit vector.
  void reflect(Index i) {
    auto below = matrix().col(i).tail(size_ - i - 1);
    const double first = below(0);
    const double rest = below.tail(below.size() - 1).squaredNorm();
    if (!(rest > 0)) {
      result_.beside(i) = first;
      result_.scales(i) = 0;
    } else {
      const double length = -std::copysign(std::sqrt(first * first + rest), first);
      result_.beside(i) = length;
      result_.scales(i) = (length - first) / length;
      below /= first - length;
    }
    below(0) = 1;
  }

  /// The rest of the matrix, as it was before the panel, times the reflection's vector. Each task
  /// has sums of its own, which are added up in order.
  VectorXd multiply_rest(Index i) {
    const Index rest = size_ - i - 1;
    std::vector<Index> bounds{0};
    while (bounds.back() < rest) {
      const Index first = bounds.back();
      const Index columns = std::max<Index>(8, entries_at_once / (rest - first));
      bounds.push_back(rest - first - columns < 32 ? rest : first + columns);
    }
    const auto count = static_cast<Index>(bounds.size()) - 1;
    sums_.resize(rest, count);
    const double* v = &matrix()(i + 1, i);
    tasks_.for_each(size_of(count), [&](std::size_t block) {
      const auto k = static_cast<Index>(block);
      const Index first = bounds[block];
      sums_.col(k).tail(rest - first).setZero();
      kernel_.symmetric_columns(&matrix()(i + 1, i + 1), stride(), size_of(rest), size_of(first),
                                size_of(bounds[block + 1]), v, sums_.col(k).data());
    });
    VectorXd w = sums_.col(0);
    for (Index k = 1; k < count; ++k) {
      const Index first = bounds[size_of(k)];
      w.tail(rest - first) += sums_.col(k).tail(rest - first);
    }
    return w;
  }

  /// A − V Wᵀ − W Vᵀ as one product of twice as many columns.
  void update_rest(Index first, Index columns) {
    const Index from = first + columns;
    const Index rest = size_ - from;
    if (rest == 0) return;
    MatrixXd left(rest, 2 * columns);
    MatrixXd right(rest, 2 * columns);
    const auto reflections = matrix().block(from, first, rest, columns);
    const auto products = products_.block(from, 0, rest, columns);
    left << reflections, products;
    right << products, reflections;
    add_product(-1, MatrixView::of(left), MatrixView::of(right).transposed(), Structure::symmetric,
                matrix().bottomRightCorner(rest, rest), tasks_);
  }

  const Tasks& tasks_;
  const VectorKernel& kernel_;
  Index size_;
  Tridiagonal result_;
  MatrixXd products_;  ///< w of the panel's columns
  MatrixXd sums_;
};

/// The triangle R of H₀ H₁ … = 1 − V R Vᵀ.
MatrixXd triangle_of(const MatrixXd& v, const VectorXd& scales, const Tasks& tasks) {
  const Index count = v.cols();
  const MatrixXd dots = transposed_product(v, v, Structure::symmetric, tasks);
  MatrixXd triangle = MatrixXd::Zero(count, count);
  for (Index j = 0; j < count; ++j) {
    triangle(j, j) = scales(j);
    if (j == 0) continue;
    triangle.col(j).head(j).noalias() =
        triangle.topLeftCorner(j, j).triangularView<Eigen::Upper>() *
        (-scales(j) * dots.col(j).head(j));
  }
  return triangle;
}

}  // namespace

Tridiagonal tridiagonalize(MatrixXd matrix, const Tasks& tasks) {
  return Reduction(std::move(matrix), tasks).run();
}

void apply_reflections(const Tridiagonal& reduced, MatrixXd& vectors, const Tasks& tasks) {
  const Index all = reduced.scales.size();
  for (Index last = all; last > 0;) {
    const Index first = (last - 1) / reflections_at_once * reflections_at_once;
    const Index count = last - first;
    const Index rest = all - first;  // rows from first + 1 on
    MatrixXd v = reduced.reflections.block(first + 1, first, rest, count);
    v.topRows(count).triangularView<Eigen::StrictlyUpper>().setZero();
    const MatrixXd triangle = triangle_of(v, reduced.scales.segment(first, count), tasks);
    auto changed = vectors.bottomRows(rest);
    const MatrixXd dots = transposed_product(v, changed, Structure::none, tasks);
    const MatrixXd left = product(v, triangle, Structure::none, tasks);
    add_product(-1, MatrixView::of(left), MatrixView::of(dots), Structure::none, changed, tasks);
    last = first;
  }
}

}  // namespace livecca
