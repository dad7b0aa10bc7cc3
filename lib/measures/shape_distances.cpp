#include "measures/shape_distances.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {
namespace {

/// √(a² + b² − 2ab · cosine), which scales of 1e150 pass.
double side_of_triangle(double a, double b, double cosine) {
  const double apart = (a / b - 1) * (1 - b / a);  // (a − b)² / ab
  return std::sqrt(a) * std::sqrt(b) * std::sqrt(apart + 2 * (1 - cosine));
}

double distance_of(const TapSolution& x, const TapSolution& y, Measure measure, double cosine) {
  switch (measure) {
    case Measure::procrustes:
      return side_of_triangle(std::sqrt(x.total_scatter), std::sqrt(y.total_scatter), cosine);
    case Measure::procrustes_normalised:
      return 2 * (1 - cosine);
    default:
      return std::acos(cosine);
  }
}

}  // namespace

std::optional<ChanceLaw> shape_law(const PanelSolution& solution, const PairSolution& pair,
                                   const PairFacts& facts, Measure measure, double n) {
  const TapSolution& x = solution.taps[pair.x];
  const TapSolution& y = solution.taps[pair.y];
  const bool partial = measure == Measure::partial_whitening;
  UnrelatedSides sides;
  sides.shares_x = partial ? x.partial_shares : x.variance_shares;
  sides.shares_y = partial ? y.partial_shares : y.variance_shares;
  if (sides.shares_x.empty() || sides.shares_y.empty()) return std::nullopt;
  sides.samples = n;
  sides.numbers = facts.is_complex ? Numbers::complex : Numbers::real;
  const double different = static_cast<double>(facts.samples) * facts.different_share;
  sides.weighted = facts.effective_rows < different * (1 - 1e-9);
  return ChanceLaw::of_nuclear_norm(sides);
}

std::optional<double> shape_cosine(const PairSolution& pair, Measure measure) {
  return measure == Measure::partial_whitening ? pair.partial_whitening_cosine : pair.shape_cosine;
}

/// By three points that are exact for polynomials of degree 5 in a Gaussian number.
std::optional<double> shape_floor(const PanelSolution& solution, const PairSolution& pair,
                                  Measure measure, const ChanceLaw& law) {
  const TapSolution& x = solution.taps[pair.x];
  const TapSolution& y = solution.taps[pair.y];
  const auto at = [&](double deviations) {
    const double cosine = law.mean() + deviations * law.deviation();
    return distance_of(x, y, measure, std::clamp(cosine, 0.0, 1.0));
  };
  const double apart = std::sqrt(3.0);
  const double mean = (at(-apart) + 4 * at(0) + at(apart)) / 6;
  return std::isfinite(mean) ? std::optional(mean) : std::nullopt;
}

}  // namespace livecca
