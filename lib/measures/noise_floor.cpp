#include "livecca/measures/noise_floor.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace livecca {
namespace {

using std::numbers::pi;

/// Two equal ranks, γ = p/(n−1) < 1: the integral in closed form, the mass at 1 included.
double equal_ranks(double gamma) {
  const double root = std::sqrt(gamma);
  return 2 / (pi * gamma) * (std::sqrt(gamma * (1 - gamma)) - (1 - 2 * gamma) * std::asin(root));
}

/// γ1 < γ2 < 1: ∫ √x dF(x) over the continuous part. With x = c + h·cos φ the integrand is smooth
/// and periodic, so the midpoint rule converges faster than any power of the step.
double continuous_part(double gamma1, double gamma2) {
  const double a = std::sqrt(gamma1 * (1 - gamma2));
  const double b = std::sqrt(gamma2 * (1 - gamma1));
  const double lower = (a - b) * (a - b);
  const double upper = std::min(1.0, (a + b) * (a + b));
  const double center = (upper + lower) / 2;
  const double half = (upper - lower) / 2;
  // Near an end of [0, 1] the integrand is steep; this many points keep 1e-9 for ranks of 1 apart.
  constexpr int points = 20000;
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    const double phi = pi * (i + 0.5) / points;
    const double x = center + half * std::cos(phi);
    const double sine = std::sin(phi);
    sum += half * half * sine * sine / (std::sqrt(x) * (1 - x));
  }
  return sum / (2 * gamma1) / points;
}

}  // namespace

double mean_correlation_floor(std::size_t p, std::size_t q, double n) {
  if (p == 0 || q == 0) return 0;
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  const double freedom = n - 1;
  if (freedom <= larger) return 1;
  if (p == q) return std::clamp(equal_ranks(smaller / freedom), 0.0, 1.0);
  const double forced = std::max(0.0, smaller + larger - freedom) / smaller;
  const double rest = continuous_part(smaller / freedom, larger / freedom);
  return std::clamp(rest + forced, 0.0, 1.0);
}

}  // namespace livecca
