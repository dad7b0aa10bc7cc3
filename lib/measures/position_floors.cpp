#include "measures/position_floors.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "livecca/measures/noise_floor.hpp"

namespace livecca {
namespace {

/// The canonical correlations as they look among n samples: s comes out as
/// √((γ + (1 − γ) s²)(δ + (1 − δ) s²)) / s with γ = p/n and δ = q/n, if s⁴ > γδ / ((1 − γ)(1 − δ))
/// (Bao et al. 2019; debiased_correlation() is its inverse). Those below are hidden.
std::vector<double> visible(const std::vector<double>& correlations, std::size_t p, std::size_t q,
                            double n) {
  const double gamma = static_cast<double>(p) / n;
  const double delta = static_cast<double>(q) / n;
  std::vector<double> found;
  if (!(gamma < 1) || !(delta < 1)) return found;  // all is chance
  const double hidden = gamma * delta / ((1 - gamma) * (1 - delta));
  for (const double correlation : correlations) {
    const double square = correlation * correlation;
    if (!(square * square > hidden)) break;
    found.push_back(std::min(
        1.0, std::sqrt((gamma + (1 - gamma) * square) * (delta + (1 - delta) * square) / square)));
  }
  return found;
}

/// What is left for chance alone, beside directions that are shared by position.
double floor_beside(std::size_t shared, std::size_t p, std::size_t q, double n) {
  return mean_correlation_floor(p - shared, q - shared, n - static_cast<double>(shared));
}

RaisedFloor mean_correlation(const std::vector<double>& correlations, std::size_t p, std::size_t q,
                             double n) {
  const std::vector<double> shared = visible(correlations, p, q, n);
  const std::size_t count = std::min(p, q);
  const double mean_of_all =
      std::accumulate(shared.begin(), shared.end(), 0.0) / static_cast<double>(count);
  if (shared.size() == count) return {.rest = mean_of_all};  // an effect adds to them
  return {.shared = mean_of_all,
          .share_of_rest = static_cast<double>(count - shared.size()) / static_cast<double>(count),
          .rest = floor_beside(shared.size(), p, q, n)};
}

RaisedFloor weighted_correlation(const std::vector<double>& correlations,
                                 const PositionChance::Weights& weights, std::size_t p,
                                 std::size_t q, double n) {
  const std::vector<double> shared = visible(correlations, p, q, n);
  double of_shared = 0;
  double share_of_rest = 1;
  for (std::size_t i = 0; i < shared.size(); ++i) {
    const double weight = weights.sums[i] / weights.totals[shared.size()];
    of_shared += weight * shared[i];
    share_of_rest -= weight;
  }
  if (shared.size() == std::min(p, q)) return {.rest = of_shared};
  return {.shared = of_shared,
          .share_of_rest = share_of_rest,
          .rest = floor_beside(shared.size(), p, q, n)};
}

RaisedFloor with_shared_norm(const std::optional<PositionChance::SharedNorm>& shared,
                             double samples, double floor) {
  if (!shared || !(shared->value > 0)) return {.rest = floor};
  const double both = shared->with(floor);
  return {.shared = both - floor, .rest = floor, .deviation = shared->spread / std::sqrt(samples)};
}

/// Of the same rest.
RaisedFloor mean_of(const RaisedFloor& a, const RaisedFloor& b) {
  return {.shared = (a.shared + b.shared) / 2,
          .share_of_rest = (a.share_of_rest + b.share_of_rest) / 2,
          .rest = a.rest};
}

}  // namespace

double independent_samples(const PairFacts& facts, Measure measure) {
  if (!facts.positions) return facts.effective_samples;
  const PositionChance::IndependentSamples& samples = facts.positions->independent_samples;
  switch (measure) {
    case Measure::svcca:
      return samples.svcca;
    case Measure::linreg_x_from_y:
      return samples.x_from_y;
    case Measure::linreg_y_from_x:
      return samples.y_from_x;
    case Measure::partial_whitening:
      return samples.partly_whitened;
    default:  // what is left of the whitened ones is CCA
      return info_of(measure).needs.whitening ? samples.cca : samples.cka;
  }
}

RaisedFloor raised_by_positions(const PairFacts& facts, Measure measure, double samples,
                                double floor) {
  if (!facts.positions) return {.rest = floor};
  const PositionChance& chance = *facts.positions;
  // ‖S0 + N‖² varies by 4⟨S0, N⟩² more than ‖N‖² does.
  const auto added = [&](const PositionChance::Shared& more, double parts = 1) {
    return RaisedFloor{.shared = more.value / parts,
                       .rest = floor,
                       .deviation = 2 * std::sqrt(more.spread / samples) / parts};
  };
  switch (measure) {
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
      return with_shared_norm(chance.nuclear_norm, samples, floor);
    case Measure::partial_whitening:
      return with_shared_norm(chance.partly_whitened_norm, samples, floor);
    case Measure::linear_cka:
      return added(chance.linear_cka);
    case Measure::linreg_x_from_y:
      return added(chance.regression_x_from_y);
    case Measure::linreg_y_from_x:
      return added(chance.regression_y_from_x);
    case Measure::svcca:
      return mean_correlation(chance.svcca_correlations, facts.svcca_kept[0], facts.svcca_kept[1],
                              samples);
    default:
      break;
  }
  if (!facts.ranks[0] || !facts.ranks[1]) return {.rest = floor};
  const std::size_t p = *facts.ranks[0];
  const std::size_t q = *facts.ranks[1];
  const auto by_weights = [&](const PositionChance::Weights& weights) {
    return weighted_correlation(chance.correlations, weights, p, q, samples);
  };
  switch (measure) {
    case Measure::mean_cca:
      return mean_correlation(chance.correlations, p, q, samples);
    case Measure::r2_cca:
      return added(chance.squared_correlation_sum, static_cast<double>(std::min(p, q)));
    case Measure::pwcca:
      return by_weights(chance.weights_x);
    case Measure::pwcca_y:
      return by_weights(chance.weights_y);
    case Measure::pwcca_mean:
      return mean_of(by_weights(chance.weights_x), by_weights(chance.weights_y));
    default:
      return {.rest = floor};
  }
}

}  // namespace livecca
