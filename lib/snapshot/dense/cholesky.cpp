#include "snapshot/dense/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "snapshot/dense/matrix_product.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Blocks that Eigen factors and inverts.
constexpr Index block_size = 64;

MatrixXd small_inverse(const Ref<const MatrixXd>& lower) {
  const Index size = lower.rows();
  return lower.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(size, size));
}

/// The lower triangle of `matrix` becomes L. False if it is not positive definite.
bool factor(Ref<MatrixXd> matrix, const Tasks& tasks) {
  const Index size = matrix.rows();
  for (Index first = 0; first < size; first += block_size) {
    const Index width = std::min(block_size, size - first);
    auto corner = matrix.block(first, first, width, width);
    const Eigen::LLT<MatrixXd> small(corner);
    if (small.info() != Eigen::Success) return false;
    corner = small.matrixL();
    const Index rest = size - first - width;
    if (rest == 0) continue;
    auto below = matrix.block(first + width, first, rest, width);
    const MatrixXd inverse = small_inverse(corner);
    below = product(MatrixView::of(below), MatrixView::of(inverse).transposed(), Structure::b_upper,
                    tasks);
    add_product(-1, MatrixView::of(below), MatrixView::of(below).transposed(), Structure::symmetric,
                matrix.bottomRightCorner(rest, rest), tasks);
  }
  return true;
}

/// Of [A 0; B C] the inverse is [A⁻¹ 0; −C⁻¹ B A⁻¹ C⁻¹].
void invert(const Ref<const MatrixXd>& lower, Ref<MatrixXd> inverse, const Tasks& tasks) {
  const Index size = lower.rows();
  if (size <= block_size) {
    inverse = small_inverse(lower);
    return;
  }
  const Index first = size / 2;
  const Index second = size - first;
  invert(lower.topLeftCorner(first, first), inverse.topLeftCorner(first, first), tasks);
  invert(lower.bottomRightCorner(second, second), inverse.bottomRightCorner(second, second), tasks);
  // Of B A⁻¹ the transpose A⁻ᵀ Bᵀ has its triangle on the wrong side, so both are taken whole.
  const MatrixXd right = product(lower.bottomLeftCorner(second, first),
                                 inverse.topLeftCorner(first, first), Structure::none, tasks);
  add_product(-1, MatrixView::of(inverse.bottomRightCorner(second, second)), MatrixView::of(right),
              Structure::a_lower, inverse.bottomLeftCorner(second, first), tasks);
}

/// ‖S⁻¹‖₁ from below, nearly always to a factor of 3 (Hager 1984, Higham 1988).
double inverse_norm(const MatrixXd& lower) {
  const Index size = lower.rows();
  const auto solve = [&](VectorXd v) {
    lower.triangularView<Eigen::Lower>().solveInPlace(v);
    lower.triangularView<Eigen::Lower>().transpose().solveInPlace(v);
    return v;
  };
  VectorXd v = solve(VectorXd::Constant(size, 1.0 / static_cast<double>(size)));
  double norm = v.lpNorm<1>();
  Index before = -1;
  for (int i = 0; i < 4; ++i) {
    const VectorXd signs = v.unaryExpr([](double x) { return std::copysign(1.0, x); });
    Index largest = 0;
    solve(signs).cwiseAbs().maxCoeff(&largest);
    if (largest == before) break;
    before = largest;
    v = solve(VectorXd::Unit(size, largest));
    const double found = v.lpNorm<1>();
    if (found <= norm) break;
    norm = found;
  }
  VectorXd alternating(size);
  for (Index i = 0; i < size; ++i) {
    const double grown = size > 1 ? static_cast<double>(i) / static_cast<double>(size - 1) : 0;
    alternating(i) = (i % 2 == 0 ? 1 : -1) * (1 + grown);
  }
  return std::max(norm, 2 * solve(alternating).lpNorm<1>() / (3 * static_cast<double>(size)));
}

double norm_of(const MatrixXd& matrix) { return matrix.cwiseAbs().colwise().sum().maxCoeff(); }

}  // namespace

std::optional<CholeskyFactor> cholesky(const MatrixXd& matrix, double smallest_reciprocal_condition,
                                       const Tasks& tasks) {
  CholeskyFactor result;
  result.lower = matrix;
  if (!factor(result.lower, tasks)) return std::nullopt;
  result.lower.triangularView<Eigen::StrictlyUpper>().setZero();
  result.reciprocal_condition = 1 / (norm_of(matrix) * inverse_norm(result.lower));
  if (!(result.reciprocal_condition > smallest_reciprocal_condition)) return result;
  result.inverse = MatrixXd::Zero(matrix.rows(), matrix.cols());
  invert(result.lower, result.inverse, tasks);
  return result;
}

}  // namespace livecca
