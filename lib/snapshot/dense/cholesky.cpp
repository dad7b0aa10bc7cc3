#include "snapshot/dense/cholesky.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "snapshot/dense/entries.hpp"
#include "snapshot/dense/matrix_product.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::Ref;
using Eigen::VectorXd;

/// Blocks that Eigen factors and inverts.
constexpr Index block_size = 32;

bool factor_small(Ref<MatrixXd> matrix, Ref<MatrixXd> inverse) {
  const Eigen::LLT<MatrixXd> small(matrix);
  if (small.info() != Eigen::Success) return false;
  matrix = small.matrixL();
  inverse = small.matrixL().solve(MatrixXd::Identity(matrix.rows(), matrix.cols()));
  return true;
}

/// The matrix becomes L, of which the lower triangle counts, and `inverse`, which is 0 before, its
/// inverse. By halves: of [A Bᵀ; B C] with A = K Kᵀ the factor is [K 0; M N] with M = B K⁻ᵀ and
/// N Nᵀ = C − M Mᵀ, and its inverse is [K⁻¹ 0; −N⁻¹ M K⁻¹ N⁻¹]. So nearly all of it is products.
/// False if it is not positive definite.
bool factor(Ref<MatrixXd> matrix, Ref<MatrixXd> inverse, const Tasks& tasks) {
  const Index size = matrix.rows();
  if (size <= block_size) return factor_small(matrix, inverse);
  const Index first = size / 2;
  const Index second = size - first;
  auto corner = inverse.topLeftCorner(first, first);
  auto below = matrix.bottomLeftCorner(second, first);
  auto rest = matrix.bottomRightCorner(second, second);
  auto corner_of_rest = inverse.bottomRightCorner(second, second);
  if (!factor(matrix.topLeftCorner(first, first), corner, tasks)) return false;
  below = product(MatrixView::of(below), MatrixView::of(corner).transposed(), Structure::b_upper,
                  tasks);
  add_product(-1, MatrixView::of(below), MatrixView::of(below).transposed(), Structure::symmetric,
              rest, tasks);
  if (!factor(rest, corner_of_rest, tasks)) return false;
  const MatrixXd right = product(below, corner, Structure::none, tasks);
  add_product(-1, MatrixView::of(corner_of_rest), MatrixView::of(right), Structure::a_lower,
              inverse.bottomLeftCorner(second, first), tasks);
  return true;
}

/// ‖S⁻¹‖₁ from below, nearly always to a factor of 3 (Hager 1984, Higham 1988).
double inverse_norm(const MatrixXd& inverse) {
  const Index size = inverse.rows();
  const auto solve = [&](const VectorXd& v) {
    const VectorXd half = inverse.triangularView<Eigen::Lower>() * v;
    return VectorXd(inverse.triangularView<Eigen::Lower>().transpose() * half);
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
  result.inverse = zeros(matrix.rows(), matrix.cols(), tasks);
  if (!factor(result.lower, result.inverse, tasks)) return std::nullopt;
  result.lower.triangularView<Eigen::StrictlyUpper>().setZero();
  result.reciprocal_condition = 1 / (norm_of(matrix) * inverse_norm(result.inverse));
  if (!(result.reciprocal_condition > smallest_reciprocal_condition)) result.inverse.resize(0, 0);
  return result;
}

}  // namespace livecca
