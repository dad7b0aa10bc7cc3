#include "livecca/measures/measure.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "livecca/measures/noise_floor.hpp"
#include "measures/measure_chance.hpp"
#include "measures/position_floors.hpp"
#include "measures/shape_distances.hpp"

namespace livecca {
namespace {

Number mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Number weighted(const std::vector<double>& values, const std::vector<double>& weights) {
  if (weights.empty()) return std::nullopt;
  const double sum = std::inner_product(values.begin(), values.end(), weights.begin(), 0.0);
  return std::min(1.0, sum);  // the weights sum to 1 only up to rounding
}

Number both_mean(Number a, Number b) { return a && b ? Number((*a + *b) / 2) : std::nullopt; }

Number arc_cosine(Number cosine) { return cosine ? Number(std::acos(*cosine)) : std::nullopt; }

/// The angle whose cosine is 1 − gap; a small gap keeps its digits.
Number angle_of_gap(Number gap) {
  return gap ? Number(2 * std::asin(std::sqrt(*gap / 2))) : std::nullopt;
}

Number mean_squared(const PairSolution& pair, const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!pair.squared_correlation_sum || !ranks) return std::nullopt;
  return *pair.squared_correlation_sum / static_cast<double>(std::min(ranks->x, ranks->y));
}

/// Empty where the floor is 1: nothing can stand out of it.
Number adjusted(Number squared, Number floor) {
  if (!squared || !floor || *floor >= 1) return std::nullopt;
  return (*squared - *floor) / (1 - *floor);
}

Number value_of(const PairSolution& pair, const PairFacts& facts, Measure measure) {
  const Number pwcca_x = weighted(pair.canonical_correlations, pair.weights_x);
  const Number pwcca_y = weighted(pair.canonical_correlations, pair.weights_y);
  switch (measure) {
    case Measure::mean_cca:
      return mean_of(pair.canonical_correlations);
    case Measure::r2_cca:
      return mean_squared(pair, facts);
    case Measure::r2_cca_adjusted:
      // From the floor of images dependent rows would come out below 0.
      return if_dependence_is_known(facts,
                                    adjusted(mean_squared(pair, facts), squared_floor(facts)));
    case Measure::pwcca:
      return pwcca_x;
    case Measure::pwcca_y:
      return pwcca_y;
    case Measure::pwcca_mean:
      return both_mean(pwcca_x, pwcca_y);
    case Measure::svcca:
      return mean_of(pair.svcca_correlations);
    case Measure::linear_cka:
      return pair.linear_cka;
    case Measure::linear_cka_debiased:
      return pair.linear_cka_debiased;
    case Measure::rv2:
      return pair.rv2;
    case Measure::linreg_x_from_y:
      return pair.regression_x_from_y;
    case Measure::linreg_y_from_x:
      return pair.regression_y_from_x;
    case Measure::procrustes:
      return pair.procrustes;
    case Measure::procrustes_normalised:
      return pair.shape_gap ? Number(2 * *pair.shape_gap) : std::nullopt;
    case Measure::angular:
      return angle_of_gap(pair.shape_gap);
    case Measure::partial_whitening:
      return arc_cosine(pair.partial_whitening_cosine);
  }
  return std::nullopt;
}

bool does_not_vary(const TapSolution& tap) {
  return tap.converged && (tap.constant_features == tap.features || tap.rank == 0U);
}

bool is_rank_deficient(const TapSolution& tap) {
  return tap.constant_features > 0 || (tap.rank && *tap.rank < tap.features);
}

/// Those without a value first, then the worst of the others.
Status status_of(const PairSolution& pair, const TapSolution& x, const TapSolution& y,
                 const PairFacts& facts) {
  if (!pair.present) return Status::missing;
  if (std::min(static_cast<double>(facts.samples), facts.effective_samples) <= 3)
    return Status::too_few_samples;
  if (!pair.converged) return Status::not_converged;
  if (does_not_vary(x) || does_not_vary(y)) return Status::constant;
  if (facts.samples_left_out > 0) return Status::nonfinite_rows;
  const std::size_t widest = std::max(facts.features[0], facts.features[1]);
  const auto enough = static_cast<double>(samples_per_feature * widest);
  if (facts.independent_samples < enough) return Status::undersampled;
  if (is_rank_deficient(x) || is_rank_deficient(y)) return Status::rank_deficient;
  return Status::ok;
}

Number as_other_direction(const MeasureInfo& measure, Number value) {
  if (!value || measure.direction == Direction::distance || !measure.has_distance) {
    return std::nullopt;
  }
  return 1 - *value;
}

}  // namespace

/// For given sides, CKA's debiased forms rise and fall with CKA
/// itself, but for the diagonals of the Gram matrices.
Number score_of(const PairSolution& pair, const PairFacts& facts, const MeasureResult& result) {
  switch (result.measure->measure) {
    case Measure::r2_cca_adjusted:
      return mean_squared(pair, facts);
    case Measure::linear_cka_debiased:
    case Measure::rv2:
      return pair.linear_cka;
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
    case Measure::partial_whitening:
      return shape_cosine(pair, result.measure->measure);
    default:
      return result.value;
  }
}

std::optional<double> MeasureResult::similarity() const {
  return measure->direction == Direction::similarity ? value : std::nullopt;
}

std::optional<double> MeasureResult::distance() const {
  return measure->direction == Direction::distance ? value : as_other_direction(*measure, value);
}

std::optional<double> MeasureResult::similarity_floor() const {
  return measure->direction == Direction::similarity ? floor : std::nullopt;
}

std::optional<double> MeasureResult::distance_floor() const {
  return measure->direction == Direction::distance ? floor : as_other_direction(*measure, floor);
}

PairFacts facts_of(const PanelSolution& solution, std::size_t pair_index) {
  const PairSolution& pair = solution.pairs[pair_index];
  const TapSolution& x = solution.taps[pair.x];
  const TapSolution& y = solution.taps[pair.y];
  PairFacts facts{.samples = x.samples,
                  .effective_samples = std::min(x.effective_samples, y.effective_samples),
                  .different_share = solution.different_share,
                  .effective_rows = std::min(x.effective_rows, y.effective_rows),
                  .samples_left_out = x.samples_left_out,
                  .features = {x.features, y.features},
                  .features_of_taps = {x.features_of_tap, y.features_of_tap},
                  .feature_seeds = {x.feature_seed, y.feature_seed},
                  .ranks = {x.rank, y.rank},
                  .svcca_kept = {x.svcca_kept, y.svcca_kept},
                  .precision = pair.precision,
                  .is_complex = x.is_complex && y.is_complex};
  facts.positions = pair.positions;
  facts.is_dependence_known = facts.effective_rows == facts.effective_samples || pair.positions;
  facts.independent_samples = independent_samples(facts, Measure::mean_cca);
  facts.status = status_of(pair, x, y, facts);
  return facts;
}

MeasureResult evaluate(const PanelSolution& solution, std::size_t pair_index,
                       const MeasureInfo& measure) {
  const PairSolution& pair = solution.pairs[pair_index];
  const PairFacts facts = facts_of(solution, pair_index);
  MeasureResult result;
  result.measure = &measure;
  result.status = facts.status;
  const double n = independent_samples(facts, measure.measure);
  result.independent_samples = n;
  if (!has_value(facts.status)) return result;
  result.value = value_of(pair, facts, measure.measure);
  if (!result.value) {
    // Where unrelated data would score 1 there is nothing to adjust.
    const bool too_few = facts.is_dependence_known && measure.measure == Measure::r2_cca_adjusted &&
                         squared_floor(facts) >= 1;
    result.status = too_few ? Status::too_few_samples : Status::missing;
    return result;
  }
  const auto law = law_of(solution, pair, facts, measure.measure, n);
  result.floor = floor_of(solution, pair, facts, measure.measure, n, law);
  const Number score = score_of(pair, facts, result);
  if (law && score) result.p_value = law->above(*score);
  return result;
}

std::optional<double> samples_needed(const PairFacts& facts, const MeasureResult& result,
                                     double score, const std::function<ChanceLaw(double)>& law_at) {
  // More images bring as many independent samples each as these do.
  const double images = facts.effective_samples / result.independent_samples;
  if (law_at(result.independent_samples).says_nothing()) {
    const std::size_t widest = std::max(facts.features[0], facts.features[1]);
    return std::ceil(static_cast<double>(samples_per_feature * widest) * images);
  }
  const auto needed = samples_to_tell(score, result.independent_samples, law_at);
  return needed ? Number(std::ceil(*needed * images)) : std::nullopt;
}

std::optional<double> samples_needed(const PanelSolution& solution, std::size_t pair_index,
                                     const MeasureResult& result) {
  if (!result.p_value || !(*result.p_value >= told_from_chance)) return std::nullopt;
  const PairSolution& pair = solution.pairs[pair_index];
  const PairFacts facts = facts_of(solution, pair_index);
  const Number score = score_of(pair, facts, result);
  if (!score) return std::nullopt;
  return samples_needed(facts, result, *score, [&](double n) {
    return *law_of(solution, pair, facts, result.measure->measure, n);
  });
}

std::optional<double> evaluate_value(const PanelSolution& solution, std::size_t pair_index,
                                     const MeasureInfo& measure) {
  const PairFacts facts = facts_of(solution, pair_index);
  if (!has_value(facts.status)) return std::nullopt;
  return value_of(solution.pairs[pair_index], facts, measure.measure);
}

std::optional<double> mean_cca_floor(const PairFacts& facts) {
  if (!has_value(facts.status)) return std::nullopt;
  return mean_floor(facts);
}

std::optional<double> limiting_mean_cca(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks || !has_value(facts.status)) return std::nullopt;
  return limiting_mean_correlation(ranks->x, ranks->y, facts.independent_samples);
}

std::optional<double> largest_correlation_line(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks || !has_value(facts.status)) return std::nullopt;
  const auto line = largest_correlation_line(ranks->x, ranks->y, facts.independent_samples);
  if (!line || !facts.positions || facts.positions->correlations.empty()) return line;
  // The largest that is shared varies by (1 − ρ²) / √n; 1 of 20 lie 1.645 deviations above it.
  const double shared = facts.positions->correlations.front();
  const double line_of_shared =
      shared + 1.645 * (1 - shared * shared) / std::sqrt(facts.independent_samples);
  return std::max(*line, std::min(1.0, line_of_shared));
}

std::vector<std::optional<double>> debiased_correlations(const PanelSolution& solution,
                                                         std::size_t pair_index) {
  const PairFacts facts = facts_of(solution, pair_index);
  const auto ranks = ranks_of(facts);
  std::vector<std::optional<double>> result;
  if (!ranks || !has_value(facts.status)) return result;
  for (const double correlation : solution.pairs[pair_index].canonical_correlations) {
    result.push_back(
        debiased_correlation(correlation, ranks->x, ranks->y, facts.independent_samples));
  }
  return result;
}

}  // namespace livecca
