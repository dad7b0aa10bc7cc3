#include "measures/root_beta_law.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {
namespace {

/// The continued fraction of I_x(a, b) (DLMF 8.17.22) by Lentz's method; fast for x < (a + 1) / (a
/// + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int most_terms = 100000;  // √max(a, b) are enough
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m < most_terms; ++m) {
    double change = 1;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    for (const double term : {even, odd}) {
      d = 1 / away_from_zero(1 + term * d);
      c = away_from_zero(1 + term / c);
      change = c * d;
      result *= change;
    }
    if (std::abs(change - 1) < 1e-15) break;
  }
  return result;
}

}  // namespace

double gamma_ratio(double x) {
  if (x < 40) return std::exp(std::lgamma(x + 0.5) - std::lgamma(x));
  // Differences of large logarithms would lose digits. The next term of the series is below 1e-11.
  const double y = 1 / x;
  return std::sqrt(x) *
         (1 + y * (-1.0 / 8 +
                   y * (1.0 / 128 + y * (5.0 / 1024 + y * (-21.0 / 32768 - y * 399.0 / 262144)))));
}

double incomplete_beta(double a, double b, double x) {
  if (!(x > 0)) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/// The square's mean is mean² + deviation². With a + b = t it gives a and b, and the variance falls
/// nearly like 1/t, so t follows by iteration.
RootBetaLaw RootBetaLaw::of(double mean, double deviation) {
  const double square = std::min(mean * mean + deviation * deviation, 1 - 1e-15);
  double t = std::max((1 - square) / (4 * deviation * deviation), 1e-3);
  for (int i = 0; i < 60; ++i) {
    const double at = gamma_ratio(square * t) / gamma_ratio(t);
    const double factor = (square - at * at) / (deviation * deviation);
    if (!(factor > 0)) break;
    t *= factor;
    if (std::abs(factor - 1) < 1e-12) break;
  }
  return {square * t, (1 - square) * t};
}

double RootBetaLaw::below(double value) const {
  return value > 0 ? incomplete_beta(a_, b_, value * value) : 0;
}

double RootBetaLaw::above(double value) const {
  if (value <= 0) return 1;
  return value < 1 ? incomplete_beta(b_, a_, (1 - value) * (1 + value)) : 0;
}

double RootBetaLaw::quantile(double p) const {
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (below(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace livecca
