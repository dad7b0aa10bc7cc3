#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <Eigen/QR>

#include "snapshot/decompositions.hpp"
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

/// The decomposition of a matrix of at least as many rows as columns. What is left is A without the
/// directions that are found: A·basis, with a column for each direction of the basis.
class LevelByLevel {
 public:
  LevelByLevel(const MatrixXd& matrix, bool vectors, const Tasks& tasks)
      : tasks_(tasks), vectors_(vectors), left_over_(matrix), values_(matrix.cols()) {
    if (!vectors_) return;
    rows_.resize(matrix.rows(), matrix.cols());
    columns_.resize(matrix.cols(), matrix.cols());
  }

  bool run() {
    while (left_over_.cols() > 0) {
      const MatrixXd square =
          transposed_product(left_over_, left_over_, Structure::symmetric, tasks_);
      const SymmetricEigen eigen = vectors_
                                       ? symmetric_eigen(square, true, tasks_)
                                       : smallest_eigenvectors(square, share_at_a_time, tasks_);
      if (!eigen.converged) return false;
      const double largest = std::sqrt(std::max(0.0, eigen.values(0)));
      if (found_ == 0) rounding_ = rounding_size * std::numeric_limits<double>::epsilon() * largest;
      if (!(largest > rounding_)) {
        take_rounding();
        break;
      }
      take_level(eigen);
    }
    return values_.allFinite();
  }

  /// The vectors of the longer side, and of the shorter one.
  SingularValues result() && {
    std::vector<Index> order(static_cast<std::size_t>(values_.size()));
    std::iota(order.begin(), order.end(), Index{0});
    std::ranges::stable_sort(order, std::ranges::greater(), [&](Index i) { return values_(i); });
    SingularValues result;
    result.values = values_(order);
    if (vectors_) {
      result.left = rows_(Eigen::all, order);
      result.right = columns_(Eigen::all, order);
    }
    result.converged = true;
    return result;
  }

 private:
  void take_level(const SymmetricEigen& eigen) {
    if (vectors_) return take_level_with_vectors(eigen);
    const Index taken = left_over_.cols() - eigen.vectors.cols();
    values_.segment(found_, taken) = eigen.values.head(taken).cwiseSqrt();
    left_over_ = product(left_over_, eigen.vectors, Structure::none, tasks_);
    found_ += taken;
  }

  void take_level_with_vectors(const SymmetricEigen& eigen) {
    const double smallest = share_at_a_time * eigen.values(0);
    const Index taken = std::ranges::count_if(eigen.values, [&](double v) { return v > smallest; });
    const MatrixXd turned = product(left_over_, eigen.vectors, Structure::none, tasks_);
    turn_basis(eigen.vectors);
    constexpr Index columns_at_once = 64;
    tasks_.for_ranges(taken, columns_at_once, [&](Index begin, Index count) {
      for (Index k = begin; k < begin + count; ++k) {
        values_(found_ + k) = turned.col(k).norm();
        rows_.col(found_ + k) = turned.col(k) / values_(found_ + k);
      }
    });
    left_over_ = turned.rightCols(turned.cols() - taken);
    found_ += taken;
    if (left_over_.cols() > 0) remove_found(left_over_);
  }

  void turn_basis(const MatrixXd& by) {
    auto basis = columns_.rightCols(by.cols());
    if (found_ == 0) {
      basis = by;
    } else {
      basis = product(MatrixXd(basis), by, Structure::none, tasks_);
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
    const Index count = left_over_.cols();
    values_.tail(count) = left_over_.colwise().norm();
    if (!vectors_) return;
    std::minstd_rand random(1);
    MatrixXd any(left_over_.rows(), count);
    for (double& value : any.reshaped()) {
      value = static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max()) - 0.5;
    }
    remove_found(any);
    remove_found(any);
    rows_.rightCols(count) =
        Eigen::HouseholderQR<MatrixXd>(any).householderQ() * MatrixXd::Identity(any.rows(), count);
    if (found_ == 0) columns_.setIdentity();
  }

  const Tasks& tasks_;
  bool vectors_;
  MatrixXd left_over_;
  VectorXd values_;
  MatrixXd rows_;     ///< the longer side's vectors; the first `found_` are there
  MatrixXd columns_;  ///< the shorter side's, and after the first `found_` the basis
  Index found_ = 0;
  double rounding_ = 0;
};

}  // namespace

SingularValues singular_values_by_squares(const MatrixXd& matrix, bool vectors,
                                          const Tasks& tasks) {
  const double scale = matrix.cwiseAbs().maxCoeff();
  const bool is_tall = matrix.rows() >= matrix.cols();
  const double inverse = scale > 0 ? 1 / scale : 1;
  LevelByLevel levels(is_tall ? MatrixXd(matrix * inverse) : MatrixXd(matrix.transpose() * inverse),
                      vectors, tasks);
  if (!levels.run()) return {};
  SingularValues result = std::move(levels).result();
  if (scale > 0) result.values *= scale;
  if (!is_tall) std::swap(result.left, result.right);
  return result;
}

}  // namespace livecca
