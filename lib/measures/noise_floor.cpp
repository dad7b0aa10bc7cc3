#include "livecca/measures/noise_floor.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "measures/jacobi_ensemble.hpp"
#include "measures/numbers.hpp"
#include "measures/root_beta_law.hpp"

namespace livecca {
namespace {

using std::numbers::pi;

/// Up to this smaller rank means are exact; above, the limit with its first correction is within
/// 0.02 %. More would cost more than a millisecond.
constexpr double most_exact_rank = 64;
/// The same for deviations and lines, which cost O(rank³). Above, Tracy and Widom's line is within
/// 0.13 % and the limit's deviation within 1 %.
constexpr double most_pfaffian_rank = 32;

/// Two equal ranks, γ = p/(n−1) < 1: the integral in closed form, the mass at 1 included.
double equal_ranks(double gamma) {
  const double root = std::sqrt(gamma);
  return 2 / (pi * gamma) * (std::sqrt(gamma * (1 - gamma)) - (1 - 2 * gamma) * std::asin(root));
}

/// The support of the limiting law of ρ is [|a − b|, a + b], but for the ρ that are 1.
struct Edges {
  Edges(double gamma1, double gamma2)
      : a(std::sqrt(gamma1 * (1 - gamma2))), b(std::sqrt(gamma2 * (1 - gamma1))) {}
  double lower() const { return (a - b) * (a - b); }
  double upper() const { return std::min(1.0, (a + b) * (a + b)); }
  double a;
  double b;
};

/// Means of ρ over the limit's continuous part, and over the arcsine law of its support.
struct LimitMeans {
  double mean = 0;
  double arcsine_mean = 0;
};

/// γ1 < γ2 < 1. With x = c + h·cos φ the integrands are smooth and periodic, so the midpoint rule
/// converges faster than any power of the step.
LimitMeans continuous_part(double gamma1, double gamma2) {
  const Edges edges(gamma1, gamma2);
  const double center = (edges.upper() + edges.lower()) / 2;
  const double half = (edges.upper() - edges.lower()) / 2;
  // Near an end of [0, 1] the integrand is steep; this many points keep 1e-9 for ranks of 1 apart.
  constexpr int points = 20000;
  LimitMeans sums;
  for (int i = 0; i < points; ++i) {
    const double phi = pi * (i + 0.5) / points;
    const double x = center + half * std::cos(phi);
    const double sine = std::sin(phi);
    sums.mean += half * half * sine * sine / (std::sqrt(x) * (1 - x));
    sums.arcsine_mean += std::sqrt(x);
  }
  return {sums.mean / (2 * gamma1) / points, sums.arcsine_mean / points};
}

/// One neuron and q others, of Gaussians: ρ² is the R² of a regression, which is distributed as
/// Beta(q/2, (n − 1 − q)/2), without halves if complex. This is the mean of its root.
double of_one_neuron(double q, double freedom, Numbers numbers) {
  const double half = numbers == Numbers::real ? 0.5 : 1;
  return gamma_ratio(q * half) / gamma_ratio(freedom * half);
}

/// The limit, and the next term of its expansion in 1/p: δ/4 at either edge less half an arcsine
/// law, times 1/p. Complex data has no term of 1/p.
double corrected_limit(double p, double q, double freedom, Numbers numbers) {
  const double gamma1 = p / freedom;
  const double gamma2 = q / freedom;
  const Edges edges(gamma1, gamma2);
  const LimitMeans means =
      p == q ? LimitMeans{equal_ranks(gamma1), 4 * edges.b / pi} : continuous_part(gamma1, gamma2);
  if (numbers == Numbers::complex) return means.mean;
  return means.mean + (edges.b / 2 - means.arcsine_mean / 2) / p;
}

/// p ≤ q and p + q ≤ N: no ρ is 1.
double free_mean(double p, double q, double freedom, Numbers numbers) {
  if (p == 1) return of_one_neuron(q, freedom, numbers);
  if (p > most_exact_rank) return corrected_limit(p, q, freedom, numbers);
  const JacobiEnsemble ensemble(p, q, freedom);
  return numbers == Numbers::real ? ensemble.mean_correlation()
                                  : ensemble.complex_mean_correlation();
}

/// The limit's variance of Σ ρ, ½ Σ k a_k² with a_k the Fourier coefficients of |b + a e^(iφ)| (the
/// linear statistics of a real Jacobi ensemble, Dumitriu and Paquette 2012). Its series in a/b, of
/// which the last term makes the value at a = b exact, is within 0.2 %.
double limiting_deviation(double p, double q, double freedom) {
  const Edges edges(p / freedom, q / freedom);
  const double square = edges.a * edges.a / (edges.b * edges.b);
  const double last = 8 / (pi * pi) - (1 - 1.0 / 8 - 1.0 / 32);
  const double series = 1 + square * (-1.0 / 8 + square * (-1.0 / 32 + square * square * last));
  return edges.a * std::sqrt(series / 2) / p;
}

double free_deviation(double p, double q, double freedom, Numbers numbers) {
  if (p == 1) {
    const double mean = of_one_neuron(q, freedom, numbers);
    return std::sqrt(std::max(0.0, q / freedom - mean * mean));
  }
  const bool real = numbers == Numbers::real;
  if (p > most_pfaffian_rank) {
    return limiting_deviation(p, q, freedom) / (real ? 1 : std::numbers::sqrt2);
  }
  const JacobiEnsemble ensemble(p, q, freedom);
  return real ? ensemble.deviation_of_mean() : ensemble.complex_deviation_of_mean();
}

/// Σ ρ = forced + the sum of `smaller` correlations in (0, 1). If p + q > N, then p + q − N are 1,
/// and the others are those of the orthogonal complements, of ranks N − q and N − p.
struct FreeRanks {
  FreeRanks(double p, double q, double freedom)
      : forced(std::max(0.0, p + q - freedom)),
        smaller(forced > 0 ? freedom - q : p),
        larger(forced > 0 ? freedom - p : q) {}
  double forced;
  double smaller;
  double larger;
};

/// p ≤ q < N. Complements have whole ranks only if N is whole. In between, `of` is interpolated.
template <typename Function>
double at_freedom(double p, double q, double freedom, const Function& of) {
  const double below = std::floor(freedom);
  if (p + q <= freedom || p == 1 || below == freedom) return of(freedom);
  const double share = freedom - below;
  return (1 - share) * of(below) + share * of(below + 1);
}

double mean_floor(std::size_t p, std::size_t q, double n, Numbers numbers) {
  if (p == 0 || q == 0) return 0;
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  if (n - 1 <= larger) return 1;
  const double mean = at_freedom(smaller, larger, n - 1, [&](double freedom) {
    if (smaller == 1) return of_one_neuron(larger, freedom, numbers);
    const FreeRanks ranks(smaller, larger, freedom);
    if (ranks.smaller == 0) return 1.0;
    const double free = free_mean(ranks.smaller, ranks.larger, freedom, numbers);
    return (ranks.forced + ranks.smaller * free) / smaller;
  });
  return std::clamp(mean, 0.0, 1.0);
}

double mean_deviation(std::size_t p, std::size_t q, double n, Numbers numbers) {
  if (p == 0 || q == 0) return 0;
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  if (n - 1 <= larger) return 0;
  return at_freedom(smaller, larger, n - 1, [&](double freedom) {
    if (smaller == 1) return free_deviation(1, larger, freedom, numbers);
    const FreeRanks ranks(smaller, larger, freedom);
    if (ranks.smaller == 0) return 0.0;
    return ranks.smaller / smaller * free_deviation(ranks.smaller, ranks.larger, freedom, numbers);
  });
}

}  // namespace

double mean_correlation_floor(std::size_t p, std::size_t q, double n) {
  return mean_floor(p, q, n, Numbers::real);
}

double complex_mean_correlation_floor(std::size_t p, std::size_t q, double n) {
  return mean_floor(p, q, n, Numbers::complex);
}

double limiting_mean_correlation(std::size_t p, std::size_t q, double n) {
  if (p == 0 || q == 0) return 0;
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  const double freedom = n - 1;
  if (freedom <= larger) return 1;
  if (p == q) return std::clamp(equal_ranks(smaller / freedom), 0.0, 1.0);
  const double forced = std::max(0.0, smaller + larger - freedom) / smaller;
  const double rest = continuous_part(smaller / freedom, larger / freedom).mean;
  return std::clamp(rest + forced, 0.0, 1.0);
}

double mean_correlation_deviation(std::size_t p, std::size_t q, double n) {
  return mean_deviation(p, q, n, Numbers::real);
}

double complex_mean_correlation_deviation(std::size_t p, std::size_t q, double n) {
  return mean_deviation(p, q, n, Numbers::complex);
}

double regression_floor(std::size_t q, double n) {
  const double freedom = n - 1;
  const auto rank = static_cast<double>(q);
  return freedom > rank ? rank / freedom : (q == 0 ? 0 : 1);
}

double mean_correlation_p_value(double value, std::size_t p, std::size_t q, double n) {
  return ChanceLaw::of_mean_correlation(p, q, n).above(value);
}

double largest_mean_correlation_floor(std::size_t p, std::size_t q, double n, double pairs) {
  const ChanceLaw law = ChanceLaw::of_mean_correlation(p, q, n);
  if (law.says_nothing() || !(pairs > 1)) return mean_correlation_floor(p, q, n);
  // E max = low + ∫ (1 − F^K) over the range where F^K is neither 0 nor 1.
  const double low = std::max(0.0, law.mean() - 12 * law.deviation());
  const double high =
      std::min(1.0, law.mean() + (8 + 2 * std::sqrt(2 * std::log(pairs))) * law.deviation());
  constexpr int points = 400;
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    const double value = low + (high - low) * (i + 0.5) / points;
    sum -= std::expm1(pairs * std::log1p(-law.above(value)));
  }
  return low + (high - low) * sum / points;
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
  const auto smaller = static_cast<double>(std::min(p, q));
  const auto larger = static_cast<double>(std::max(p, q));
  if (smaller == 1) return RootBetaLaw(larger / 2, (freedom - larger) / 2).quantile(0.95);
  if (smaller <= most_pfaffian_rank) {
    return JacobiEnsemble(smaller, larger, freedom).quantile_of_largest(0.95);
  }
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
