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

/// Γ(x + ½) / Γ(x).
double gamma_ratio(double x) { return std::exp(std::lgamma(x + 0.5) - std::lgamma(x)); }

/// One neuron and q others, of Gaussians: ρ² is the R² of a regression, which is distributed as
/// Beta(q/2, (n − 1 − q)/2). This is the mean of its root.
double of_one_neuron(double q, double freedom) {
  return gamma_ratio(q / 2) / gamma_ratio(freedom / 2);
}

}  // namespace

double mean_correlation_floor(std::size_t p, std::size_t q, double n) {
  if (p == 0 || q == 0) return 0;
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  const double freedom = n - 1;
  if (freedom <= larger) return 1;
  if (smaller == 1) return of_one_neuron(larger, freedom);
  if (p == q) return std::clamp(equal_ranks(smaller / freedom), 0.0, 1.0);
  const double forced = std::max(0.0, smaller + larger - freedom) / smaller;
  const double rest = continuous_part(smaller / freedom, larger / freedom);
  return std::clamp(rest + forced, 0.0, 1.0);
}

double regression_floor(std::size_t q, double n) {
  const double freedom = n - 1;
  const auto rank = static_cast<double>(q);
  return freedom > rank ? rank / freedom : (q == 0 ? 0 : 1);
}

double mean_squared_correlation_floor(std::size_t p, std::size_t q, double n) {
  if (p == 0 || q == 0) return 0;
  return regression_floor(std::max(p, q), n);
}

double linear_cka_floor(double effective_rank_x, double effective_rank_y, double n) {
  const double root = std::sqrt(effective_rank_x) * std::sqrt(effective_rank_y);
  return n > 1 ? std::min(1.0, root / (n - 1)) : 1;
}

std::optional<double> largest_correlation_line(std::size_t p, std::size_t q, double n) {
  const double freedom = n - 1;
  if (p == 0 || q == 0 || static_cast<double>(p + q) >= freedom) return std::nullopt;
  const auto angle = [&](std::size_t rank) {
    return 2 * std::asin(std::sqrt((static_cast<double>(rank) - 0.5) / (freedom - 1)));
  };
  const double a = angle(p);
  const double b = angle(q);
  const double center = 2 * std::log(std::tan((a + b) / 2));
  const double sine = std::sin(a + b);
  const double scale =
      std::cbrt(16 / ((freedom - 1) * (freedom - 1) * sine * sine * std::sin(a) * std::sin(b)));
  constexpr double upper_five_percent = 0.9793;  // of the Tracy-Widom law of order 1
  const double logit = center + scale * upper_five_percent;
  return std::sqrt(1 / (1 + std::exp(-logit)));
}

std::optional<double> debiased_correlation(double correlation, std::size_t p, std::size_t q,
                                           double n) {
  const double freedom = n - 1;
  if (p == 0 || q == 0 || static_cast<double>(p + q) >= freedom) return std::nullopt;
  const double gamma1 = static_cast<double>(p) / freedom;
  const double gamma2 = static_cast<double>(q) / freedom;
  // (1 − γ1)(1 − γ2) r² + (γ2(1 − γ1) + γ1(1 − γ2) − ρ²) r + γ1γ2 = 0, of which the larger root.
  const double square = (1 - gamma1) * (1 - gamma2);
  const double linear = gamma2 * (1 - gamma1) + gamma1 * (1 - gamma2) - correlation * correlation;
  const double discriminant = linear * linear - 4 * square * gamma1 * gamma2;
  if (!(discriminant >= 0) || linear >= 0) return std::nullopt;
  const double root = (-linear + std::sqrt(discriminant)) / (2 * square);
  return std::sqrt(std::min(1.0, root));
}

}  // namespace livecca
