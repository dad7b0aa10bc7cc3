#include "livecca/measures/measure.hpp"

#include <algorithm>
#include <numeric>

#include "livecca/measures/noise_floor.hpp"

namespace livecca {
namespace {

constexpr std::array<MeasureInfo, 6> registry{{
    {"mean_cca", true, "mean canonical correlation over the smaller rank"},
    {"pwcca", true, "canonical correlations weighted by what they explain of the first side"},
    {"pwcca_y", false, "the same weighted by the second side"},
    {"svcca", true, "mean canonical correlation of the leading principal directions"},
    {"linear_cka", false, "linear centred kernel alignment (the RV coefficient)"},
    {"linear_cka_debiased", false, "the same from unbiased estimates, around 0 for unrelated data"},
}};

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double weighted(const std::vector<double>& values, const std::vector<double>& weights) {
  const double sum = std::inner_product(values.begin(), values.end(), weights.begin(), 0.0);
  return std::min(1.0, sum);  // the weights sum to 1 only up to rounding
}

std::optional<double> similarity_of(const PairSolution& pair, const MeasureInfo& measure) {
  if (measure.name == "linear_cka_debiased") return pair.linear_cka_debiased;
  if (measure.name == "mean_cca") return mean_of(pair.canonical_correlations);
  if (measure.name == "svcca") {
    // Solved without SVCCA: the number was not asked for.
    if (pair.svcca_correlations.empty()) return std::nullopt;
    return mean_of(pair.svcca_correlations);
  }
  if (measure.name == "pwcca") return weighted(pair.canonical_correlations, pair.weights_x);
  if (measure.name == "pwcca_y") return weighted(pair.canonical_correlations, pair.weights_y);
  return pair.linear_cka;
}

std::optional<double> floor_of(const PairFacts& facts, const MeasureInfo& measure) {
  if (measure.name.starts_with("linear_cka")) return std::nullopt;
  const auto& ranks = measure.name == "svcca" ? facts.svcca_kept : facts.ranks;
  return mean_correlation_floor(ranks[0], ranks[1], facts.effective_samples);
}

/// Those without a value first, then the worst of the others.
Status status_of(const PairSolution& pair, const PairFacts& facts) {
  if (!pair.present) return Status::missing;
  if (std::min(static_cast<double>(facts.samples), facts.effective_samples) <= 3)
    return Status::too_few_samples;
  if (!pair.converged) return Status::not_converged;
  if (pair.canonical_correlations.empty()) return Status::constant;
  if (facts.samples_left_out > 0) return Status::nonfinite_rows;
  const std::size_t widest = std::max(facts.features[0], facts.features[1]);
  if (facts.effective_samples < 10 * static_cast<double>(widest)) return Status::undersampled;
  if (facts.ranks != facts.features) return Status::rank_deficient;
  return Status::ok;
}

}  // namespace

std::span<const MeasureInfo> measures() { return registry; }

const MeasureInfo* find_measure(std::string_view name) {
  const auto found = std::ranges::find(registry, name, &MeasureInfo::name);
  return found == registry.end() ? nullptr : &*found;
}

std::optional<double> MeasureResult::distance() const {
  if (!similarity || !measure->has_distance) return std::nullopt;
  return 1 - *similarity;
}

std::optional<double> MeasureResult::distance_floor() const {
  if (!similarity_floor || !measure->has_distance) return std::nullopt;
  return 1 - *similarity_floor;
}

PairFacts facts_of(const PanelSolution& solution, std::size_t pair_index) {
  const PairSolution& pair = solution.pairs[pair_index];
  const TapSolution& x = solution.taps[pair.x];
  const TapSolution& y = solution.taps[pair.y];
  PairFacts facts{.samples = x.samples,
                  .effective_samples = std::min(x.effective_samples, y.effective_samples),
                  .samples_left_out = x.samples_left_out,
                  .features = {x.features, y.features},
                  .features_of_taps = {x.features_of_tap, y.features_of_tap},
                  .ranks = {x.rank, y.rank},
                  .svcca_kept = {x.svcca_kept, y.svcca_kept},
                  .precision = pair.precision};
  facts.status = status_of(pair, facts);
  return facts;
}

MeasureResult evaluate(const PanelSolution& solution, std::size_t pair_index,
                       const MeasureInfo& measure) {
  const PairSolution& pair = solution.pairs[pair_index];
  const PairFacts facts = facts_of(solution, pair_index);
  MeasureResult result;
  result.measure = &measure;
  result.status = facts.status;
  if (!has_value(facts.status)) return result;
  result.similarity = similarity_of(pair, measure);
  if (!result.similarity) {
    result.status = Status::missing;
    return result;
  }
  result.similarity_floor = floor_of(facts, measure);
  return result;
}

}  // namespace livecca
