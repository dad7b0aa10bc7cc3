#include "measures/jacobi_ensemble.hpp"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace livecca {
namespace {

using Eigen::ArrayXd;
using Eigen::ArrayXXd;
using Eigen::Index;
using Eigen::MatrixXd;

/// x P_k = b_(k+1) P_(k+1) + a_k P_k + b_k P_(k−1), on [0, 1].
struct Recurrence {
  ArrayXd a;
  ArrayXd b;
};

Recurrence recurrence_of(double alpha, double beta, Index count) {
  Recurrence result{ArrayXd(count), ArrayXd::Zero(count)};
  result.a[0] = (alpha + 1) / (alpha + beta + 2);
  for (Index i = 1; i < count; ++i) {
    const auto k = static_cast<double>(i);
    const double s = 2 * k + alpha + beta;
    result.a[i] = (1 + (alpha - beta) * (alpha + beta) / (s * (s + 2))) / 2;
    // For k = 1 this ratio is 1, also where it would be 0/0.
    const double ratio = i == 1 ? 1 : (k + alpha + beta) / (s - 1);
    result.b[i] = std::sqrt(k * (k + alpha) * (k + beta) / (s + 1) * ratio) / s;
  }
  return result;
}

/// Where the angles are: all but less than 1e-13 of their law.
struct AngleWindow {
  double from;
  double to;
};

AngleWindow window_of(double p, double q, double freedom) {
  const double a = std::asin(std::sqrt(std::min(1.0, p / freedom)));
  const double b = std::asin(std::sqrt(std::min(1.0, q / freedom)));
  // Above the limit's edges the probability falls like exp(−N t²/4).
  const double margin = 8 * std::sqrt(2 / freedom);
  return {std::max(0.0, b - a - margin), std::min(std::numbers::pi / 2, a + b + margin)};
}

}  // namespace

JacobiEnsemble::JacobiEnsemble(double p, double q, double freedom)
    : rank_(static_cast<Index>(p)), center_(std::sqrt(q / freedom)) {
  const double alpha = q - p;
  const double beta = freedom - p - q;
  const Index count = 300 + 16 * rank_;  // several for each zero of the highest polynomial
  const AngleWindow window = window_of(p, q, freedom);
  const double width = window.to - window.from;
  const ArrayXd u = (ArrayXd::LinSpaced(count, 0, static_cast<double>(count - 1)) + 0.5) /
                    static_cast<double>(count);
  // The ends are approached with two derivatives of 0, as the midpoint rule needs.
  const ArrayXd theta = window.from + width * u.cube() * (10 - 15 * u + 6 * u.square());
  step_ = width * 30 / static_cast<double>(count) * (u * (1 - u)).square();
  sine_ = theta.sin();
  both_ = sine_ * theta.cos();
  const ArrayXd x = sine_.square();
  waves_.resize(count, rank_);
  ArrayXd logarithm = alpha * sine_.log();
  // x may be rounded to 1, where 0 · log 0 is not 0.
  if (beta > 0) logarithm += beta / 2 * (-x).log1p();
  ArrayXd first = (logarithm - logarithm.maxCoeff()).exp();
  first /= std::sqrt((first.square() * 2 * both_ * step_).sum());
  waves_.col(0) = first;
  const Recurrence recurrence = recurrence_of(alpha, beta, rank_ + 1);
  for (Index k = 0; k + 1 < rank_; ++k) {
    ArrayXd next = (x - recurrence.a[k]) * waves_.col(k);
    if (k > 0) next -= recurrence.b[k] * waves_.col(k - 1);
    waves_.col(k + 1) = next / recurrence.b[k + 1];
  }
  coupling_ = (ArrayXd::LinSpaced(rank_ + 1, 0, p) + (alpha + beta) / 2) * recurrence.b;
}

ArrayXd JacobiEnsemble::running_integral(const ArrayXd& values) const {
  const ArrayXd parts = values * step_;
  ArrayXd result(parts.size());
  double sum = 0;
  for (Index i = 0; i < parts.size(); ++i) {
    result[i] = sum + parts[i] / 2;
    sum += parts[i];
  }
  // The trapezoidal rule's first two errors, by Euler and Maclaurin, from differences.
  const Index inner = parts.size() - 4;
  result.segment(2, inner) -= 41.0 / 720 * (parts.segment(3, inner) - parts.segment(1, inner)) -
                              11.0 / 1440 * (parts.tail(inner) - parts.head(inner));
  return result;
}

ArrayXXd JacobiEnsemble::running_integrals(const ArrayXXd& values) const {
  ArrayXXd result(values.rows(), values.cols());
  for (Index k = 0; k < values.cols(); ++k) result.col(k) = running_integral(values.col(k));
  return result;
}

/// The density over θ of β = 1 less that of β = 2 and p − 1 correlations. Its integral is 1.
///
/// It is 2 h_(p−1) · (E + constant), with E = c_(p−1) ∫ 2 h_(p−2) dθ. E follows step by step from
/// c_(k+1) ∫ 2 h_(k+1) = c_k ∫ 2 h_(k−1) − h_k sin θ cos θ.
ArrayXd JacobiEnsemble::correction() const {
  const bool is_even = rank_ % 2 == 0;
  ArrayXd integral = ArrayXd::Zero(sine_.size());
  double at_end = 0;
  if (is_even) {
    integral = coupling_[1] * running_integral(2 * waves_.col(0));
    at_end = coupling_[1] * (2 * waves_.col(0) * step_).sum();
  }
  for (Index k = is_even ? 1 : 0; k + 2 < rank_; k += 2) {
    const double ratio = coupling_[k + 2] / coupling_[k + 1];
    integral = ratio * (integral - both_ * waves_.col(k));
    at_end *= ratio;
  }
  const ArrayXd last = 2 * waves_.col(rank_ - 1);
  if (is_even) return last * (integral - at_end / 2);
  const double mass = (last * integral * step_).sum();
  return last * (integral + (1 - mass) / (last * step_).sum());
}

double JacobiEnsemble::mean_correlation() const {
  const ArrayXd squares = waves_.leftCols(rank_ - 1).square().rowwise().sum();
  const ArrayXd density = squares * 2 * both_ + correction();
  return (sine_ * density * step_).sum() / static_cast<double>(rank_);
}

double JacobiEnsemble::complex_mean_correlation() const {
  const ArrayXd density = waves_.square().rowwise().sum() * 2 * both_;
  return (sine_ * density * step_).sum() / static_cast<double>(rank_);
}

double JacobiEnsemble::complex_deviation_of_mean() const {
  // With f = ρ − center the terms do not cancel.
  const ArrayXd f = sine_ - center_;
  const ArrayXXd parts = waves_.colwise() * (2 * both_ * step_ * f);
  const double squares = (parts * (waves_.colwise() * f)).sum();
  const double within = (parts.matrix().transpose() * waves_.matrix()).squaredNorm();
  return std::sqrt(std::max(0.0, squares - within)) / static_cast<double>(rank_);
}

namespace {

/// The antisymmetric matrix of a Pfaffian. If its order is odd, it gets one more row and column.
MatrixXd bordered(const MatrixXd& half, const ArrayXd& border) {
  const Index rank = half.rows();
  MatrixXd result = MatrixXd::Zero(rank + rank % 2, rank + rank % 2);
  result.topLeftCorner(rank, rank) = half - half.transpose();
  if (rank % 2 != 0) {
    result.topRightCorner(rank, 1) = border.matrix();
    result.bottomLeftCorner(1, rank) = -border.matrix().transpose();
  }
  return result;
}

}  // namespace

double JacobiEnsemble::deviation_of_mean() const {
  // With f = ρ − center the three terms below do not cancel.
  const ArrayXd f = sine_ - center_;
  const ArrayXXd waves = 2 * waves_;
  const ArrayXXd first = waves.colwise() * f;
  const ArrayXXd second = first.colwise() * f;
  const ArrayXXd integrals = running_integrals(waves);
  const auto total = [&](const ArrayXXd& values) {
    return ArrayXd((values.colwise() * step_).colwise().sum().transpose());
  };
  // ∫∫ sgn(θ − φ) u_j(θ) v_k(φ) is 2 ∫ u_j V_k − U_j V_k at the end; antisymmetric parts are
  // enough.
  const auto product = [&](const ArrayXXd& u, const ArrayXXd& running) {
    return MatrixXd((u.colwise() * step_).matrix().transpose() * running.matrix());
  };
  const auto with_end = [&](const MatrixXd& inner, const ArrayXXd& u, const ArrayXXd& v) {
    return MatrixXd(2 * inner - total(u).matrix() * total(v).matrix().transpose());
  };
  const MatrixXd zeroth = bordered(product(waves, integrals), total(waves));
  const MatrixXd once = bordered(with_end(product(first, integrals), first, waves), total(first));
  const MatrixXd twice = bordered(with_end(product(second, integrals), second, waves) +
                                      2 * product(first, running_integrals(first)),
                                  total(second));
  const Eigen::PartialPivLU<MatrixXd> solver(zeroth);
  const MatrixXd by_once = solver.solve(once);
  const double variance =
      (solver.solve(twice).trace() - by_once.cwiseProduct(by_once.transpose()).sum()) / 2;
  return std::sqrt(std::max(0.0, variance)) / static_cast<double>(rank_);
}

double JacobiEnsemble::quantile_of_largest(double probability) const {
  const ArrayXXd waves = 2 * waves_;
  const ArrayXXd parts = waves.colwise() * step_;
  const ArrayXXd integrals = running_integrals(waves);
  const MatrixXd all =
      bordered(parts.matrix().transpose() * integrals.matrix(), parts.colwise().sum().transpose());
  const Eigen::PartialPivLU<MatrixXd> solver(all);
  const auto outer = [&](Index i) {
    return MatrixXd(parts.row(i).matrix().transpose() * integrals.row(i).matrix());
  };
  // P(largest ≤ correlation at node i), integrated like running_integral().
  const auto probability_at = [&](Index i) {
    const MatrixXd inner = parts.topRows(i).matrix().transpose() * integrals.topRows(i).matrix() +
                           outer(i) / 2 - (outer(i + 1) - outer(i - 1)) / 24;
    const MatrixXd below = bordered(inner, integrals.row(i).transpose());
    return std::sqrt(std::max(0.0, solver.solve(below).determinant()));
  };
  Index low = 1;
  Index high = sine_.size() - 2;
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (probability_at(middle) < probability ? low : high) = middle;
  }
  const double below = probability_at(low);
  const double above = probability_at(high);
  // The probability of more falls nearly exponentially.
  const double share = above > below && above < 1 ? std::log((1 - below) / (1 - probability)) /
                                                        std::log((1 - below) / (1 - above))
                                                  : 0.5;
  return sine_[low] + std::clamp(share, 0.0, 1.0) * (sine_[high] - sine_[low]);
}

}  // namespace livecca
