#include "snapshot/dense/secular.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "snapshot/dense/vector_kernel.hpp"

namespace livecca {
namespace {

using Eigen::Index;

constexpr double rounding = std::numeric_limits<double>::epsilon();
constexpr int most_iterations = 100;

/// c x² − a x + b = 0: the solution of smaller size where a > 0.
double root_of(double a, double b, double c) {
  const double root = std::sqrt(std::max(0.0, a * a - 4 * b * c));
  return a > 0 ? 2 * b / (a + root) : (a - root) / (2 * c);
}

/// One eigenvalue on its way: `at` beyond the pole that it is counted from.
class SecularRoot {
 public:
  SecularRoot(const SecularEquation& equation, Index j, double* differences)
      : equation_(equation),
        j_(j),
        count_(equation.poles.size()),
        is_last_(j + 1 == count_),
        constant_(1 / equation.strength),
        differences_(differences) {}

  double find() {
    const double width = is_last_ ? equation_.strength * equation_.squares.sum()
                                  : equation_.poles(j_ + 1) - equation_.poles(j_);
    count_from(j_);
    high_ = width;
    at_ = width / 2;
    double value = evaluate();
    if (!is_last_) choose_pole(width, value);
    for (int i = 0; i < most_iterations; ++i) {
      value = evaluate();
      const double size = 8 * (std::abs(sums_.above) + std::abs(sums_.below)) + 2 * constant_ +
                          std::abs(at_) * (sums_.slope_below + sums_.slope_above);
      if (std::abs(value) <= rounding * size) break;
      (value < 0 ? low_ : high_) = at_;
      const double next = next_from(value);
      const bool stands_still = std::abs(next - at_) <= rounding / 2 * std::abs(at_);
      at_ = next;
      if (stands_still) break;
    }
    for (Index i = 0; i < count_; ++i) differences_[i] -= at_;
    return equation_.poles(origin_) + at_;
  }

 private:
  void count_from(Index pole) {
    origin_ = pole;
    for (Index i = 0; i < count_; ++i) {
      differences_[i] = equation_.poles(i) - equation_.poles(pole);
    }
  }

  /// Of the last eigenvalue the last pole counts as the one above.
  double evaluate() {
    const Index below = is_last_ ? j_ : j_ + 1;
    vector_kernel().pole_sums(equation_.squares.data(), differences_, at_,
                              static_cast<std::size_t>(below), static_cast<std::size_t>(count_),
                              &sums_);
    return constant_ + sums_.below + sums_.above;
  }

  /// Counts from the nearer pole, and begins where the two neighbours alone, with the others as
  /// they are in the middle, have their root.
  void choose_pole(double width, double middle) {
    const double p = equation_.squares(j_);
    const double q = equation_.squares(j_ + 1);
    const double others = middle + 2 * p / width - 2 * q / width;
    double start = 0;
    if (middle >= 0) {
      high_ = width / 2;
      start = root_of(others * width + p + q, p * width, others);
    } else {
      count_from(j_ + 1);
      low_ = -width / 2;
      high_ = 0;
      start = root_of(-others * width + p + q, -q * width, others);
    }
    at_ = start > low_ && start < high_ ? start : (low_ + high_) / 2;
  }

  double next_from(double value) const {
    const Index above = is_last_ ? j_ : j_ + 1;
    const double from_below = above > 0 ? differences_[above - 1] - at_ : 0;
    const double from_above = differences_[above] - at_;
    const double slope = sums_.slope_below + sums_.slope_above;
    double c = value - from_below * sums_.slope_below - from_above * sums_.slope_above;
    const double a = (from_below + from_above) * value - from_below * from_above * slope;
    const double b = from_below * from_above * value;
    double step = 0;
    if (is_last_) {
      c = std::abs(c);
      const double root = std::sqrt(std::max(0.0, a * a - 4 * b * c));
      step = a >= 0 ? (a + root) / (2 * c) : 2 * b / (a - root);
    } else {
      step = root_of(a, b, c);
    }
    if (!(step * value < 0)) step = -value / slope;
    const double next = at_ + step;
    if (next > low_ && next < high_) return next;
    return (low_ + high_) / 2;
  }

  const SecularEquation& equation_;
  Index j_;
  Index count_;
  bool is_last_;
  double constant_;
  double* differences_;
  Index origin_ = 0;
  double low_ = 0;
  double high_ = 0;
  double at_ = 0;
  PoleSums sums_;
};

}  // namespace

double SecularEquation::solve(Index j, double* differences) const {
  if (poles.size() == 1) {
    const double shift = strength * squares(0);
    differences[0] = -shift;
    return poles(0) + shift;
  }
  return SecularRoot(*this, j, differences).find();
}

}  // namespace livecca
