#include "measures/position_floors.hpp"

#include <algorithm>
#include <numeric>

#include "livecca/measures/noise_floor.hpp"

namespace livecca {
namespace {

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// What is left for chance alone, beside directions that are shared by position.
double floor_beside(std::size_t shared, std::size_t p, std::size_t q, double n) {
  return mean_correlation_floor(p - shared, q - shared, n - static_cast<double>(shared));
}

double mean_correlation(const std::vector<double>& shared, std::size_t p, std::size_t q, double n) {
  const auto count = static_cast<double>(std::min(p, q));
  const auto others = count - static_cast<double>(shared.size());
  return (sum_of(shared) + others * floor_beside(shared.size(), p, q, n)) / count;
}

double weighted_correlation(const std::vector<double>& shared, const std::vector<double>& weights,
                            std::size_t p, std::size_t q, double n) {
  const double of_shared = std::inner_product(shared.begin(), shared.end(), weights.begin(), 0.0);
  return of_shared + (1 - sum_of(weights)) * floor_beside(shared.size(), p, q, n);
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
    default:  // what is left of the whitened ones is CCA
      return info_of(measure).needs.whitening ? samples.cca : samples.cka;
  }
}

std::optional<double> raised_by_positions(const PairFacts& facts, Measure measure, double samples,
                                          std::optional<double> floor) {
  if (!facts.positions || !floor) return floor;
  const PositionChance& chance = *facts.positions;
  const auto added = [&](double more) { return std::min(1.0, *floor + more); };
  switch (measure) {
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
  if (!facts.ranks[0] || !facts.ranks[1]) return floor;
  const std::size_t p = *facts.ranks[0];
  const std::size_t q = *facts.ranks[1];
  const auto by_weights = [&](const std::vector<double>& weights) {
    return weighted_correlation(chance.correlations, weights, p, q, samples);
  };
  switch (measure) {
    case Measure::mean_cca:
      return mean_correlation(chance.correlations, p, q, samples);
    case Measure::r2_cca:
      return added(chance.squared_correlation_sum / static_cast<double>(std::min(p, q)));
    case Measure::pwcca:
      return by_weights(chance.weights_x);
    case Measure::pwcca_y:
      return by_weights(chance.weights_y);
    case Measure::pwcca_mean:
      return (by_weights(chance.weights_x) + by_weights(chance.weights_y)) / 2;
    default:
      return floor;
  }
}

}  // namespace livecca
