#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include <Eigen/QR>

#include "snapshot/decompositions.hpp"
#include "snapshot/dense/entries.hpp"
#include "snapshot/dense/matrix_product.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Of a square's eigenvalues those above this share of the largest are taken at a time. Their roots
// have an error of about 5 ε of the largest, and their vectors' dot products one of about 100 ε.
constexpr double share_at_a_time = 1e-2;
// In units of ε of the largest singular value.
constexpr double rounding_size = 8;

/// The vectors that are computed. The shorter side's are the eigenvectors of the squares. The
/// longer side's take a product more.
enum class Wanted { none, shorter, both };

/// The decomposition of a matrix of at least as many rows as columns. What is left is A without the
/// directions that are found: A·basis, with a column for each direction of the basis.
class LevelByLevel {
 public:
  /// The matrix must stay where it is.
  LevelByLevel(const MatrixView& matrix, Wanted vectors, const Tasks& tasks)
      : tasks_(tasks), vectors_(vectors), left_(matrix), values_(matrix.columns) {
    if (vectors_ == Wanted::both) rows_.resize(matrix.rows, matrix.columns);
  }

  bool run() {
    while (left_.columns > 0) {
      MatrixXd square = product(left_.transposed(), left_, Structure::symmetric, tasks_);
      SymmetricEigen eigen = vectors_ == Wanted::none
                                 ? smallest_eigenvectors(std::move(square), share_at_a_time, tasks_)
                                 : symmetric_eigen(std::move(square), true, tasks_);
      if (!eigen.converged) return false;
      const double largest = std::sqrt(std::max(0.0, eigen.values(0)));
      if (found_ == 0) rounding_ = rounding_size * std::numeric_limits<double>::epsilon() * largest;
      if (!(largest > rounding_)) {
        take_rounding();
        break;
      }
      take_level(std::move(eigen));
    }
    return values_.allFinite();
  }

  /// The longer side's vectors are the left ones.
  SingularValues result() && {
    SingularValues result;
    result.converged = true;
    if (std::ranges::is_sorted(values_, std::ranges::greater())) {
      result.values = std::move(values_);
      result.left = std::move(rows_);
      result.right = std::move(columns_);
      return result;
    }
    std::vector<Index> order(static_cast<std::size_t>(values_.size()));
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::stable_sort(order, std::ranges::greater(), [&](Index i) { return values_(i); });
    result.values = values_(order);
    if (rows_.size() > 0) result.left = rows_(Eigen::all, order);
    if (columns_.size() > 0) result.right = columns_(Eigen::all, order);
    return result;
  }

 private:
  void take_level(SymmetricEigen eigen) {
    const double smallest = share_at_a_time * eigen.values(0);
    const Index taken = std::ranges::count_if(eigen.values, [&](double v) { return v > smallest; });
    if (vectors_ == Wanted::both) {
      take_rows(eigen.vectors, taken);
    } else {
      values_.segment(found_, taken) = eigen.values.head(taken).cwiseSqrt();
      const auto rest = eigen.vectors.rightCols(eigen.values.size() - taken);
      leave(product(left_, MatrixView::of(rest), Structure::none, tasks_));
    }
    if (vectors_ != Wanted::none) turn_basis(std::move(eigen.vectors));
    found_ += taken;
    if (vectors_ == Wanted::both && left_over_.cols() > 0) remove_found(left_over_);
  }

  void leave(MatrixXd matrix) {
    left_over_ = std::move(matrix);
    left_ = MatrixView::of(left_over_);
  }

  /// A·vectors is the longer side's vectors, times their values.
  void take_rows(const MatrixXd& vectors, Index taken) {
    const MatrixXd turned = product(left_, MatrixView::of(vectors), Structure::none, tasks_);
    tasks_.for_columns(taken, [&](Index begin, Index count) {
      for (Index k = begin; k < begin + count; ++k) {
        values_(found_ + k) = turned.col(k).norm();
        rows_.col(found_ + k) = turned.col(k) / values_(found_ + k);
      }
    });
    leave(turned.rightCols(turned.cols() - taken));
  }

  void turn_basis(MatrixXd by) {
    if (found_ == 0) {
      columns_ = std::move(by);
    } else {
      auto basis = columns_.rightCols(by.cols());
      basis = product(basis, by, Structure::none, tasks_);
    }
  }

  /// Exact columns are orthogonal to the vectors found. In rounded ones that is lost next to larger
  /// values.
  void remove_found(MatrixXd& columns) const {
    const auto found = rows_.leftCols(found_);
    const MatrixXd dots = transposed_product(found, columns, Structure::none, tasks_);
    columns -= product(found, dots, Structure::none, tasks_);
  }

  /// What is left is no larger than rounding: its directions are any that are orthogonal.
  void take_rounding() {
    const Index count = left_.columns;
    if (found_ == 0 && vectors_ != Wanted::none) columns_.setIdentity(count, count);
    values_.tail(count).setZero();
    if (found_ > 0) values_.tail(count) = left_over_.colwise().norm();
    if (vectors_ != Wanted::both) return;
    std::minstd_rand random(1);
    MatrixXd any(left_.rows, count);
    for (double& value : any.reshaped()) {
      value = static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max()) - 0.5;
    }
    remove_found(any);
    remove_found(any);
    rows_.rightCols(count) =
        Eigen::HouseholderQR<MatrixXd>(any).householderQ() * MatrixXd::Identity(any.rows(), count);
  }

  const Tasks& tasks_;
  Wanted vectors_;
  MatrixView left_;  ///< what is left: first the matrix itself, then left_over_
  MatrixXd left_over_;
  VectorXd values_;
  MatrixXd rows_;     ///< the longer side's vectors; the first `found_` are there
  MatrixXd columns_;  ///< the shorter side's, and after the first `found_` the basis
  Index found_ = 0;
  double rounding_ = 0;
};

}  // namespace

SingularValues singular_values_by_squares(const MatrixXd& matrix, Vectors vectors,
                                          const Tasks& tasks) {
  const double largest = largest_entry(matrix, tasks);
  const double scale = squares_are_safe(largest) ? 1 : largest;
  MatrixXd scaled;
  if (scale != 1) scaled = matrix / scale;
  const MatrixView view = MatrixView::of(scale != 1 ? scaled : matrix);
  // Of a square matrix either side may be the shorter one, whose vectors cost less.
  const bool is_tall =
      matrix.rows() > matrix.cols() || (matrix.rows() == matrix.cols() && vectors != Vectors::left);
  Wanted wanted = Wanted::none;
  if (vectors != Vectors::none) {
    wanted = vectors == Vectors::left && !is_tall ? Wanted::shorter : Wanted::both;
  }
  LevelByLevel levels(is_tall ? view : view.transposed(), wanted, tasks);
  if (!levels.run()) return {};
  SingularValues result = std::move(levels).result();
  result.values *= scale;
  if (!is_tall) std::swap(result.left, result.right);
  if (vectors == Vectors::left) result.right.resize(0, 0);
  return result;
}

}  // namespace livecca
