#include "livecca/measures/measure.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "livecca/measures/noise_floor.hpp"
#include "measures/chance_law.hpp"
#include "measures/position_floors.hpp"
#include "measures/shape_distances.hpp"

namespace livecca {
namespace {

using Number = std::optional<double>;

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

/// Ranks that both are known.
struct Ranks {
  std::size_t x;
  std::size_t y;
};

std::optional<Ranks> ranks_of(const PairFacts& facts) {
  if (!facts.ranks[0] || !facts.ranks[1]) return std::nullopt;
  return Ranks{*facts.ranks[0], *facts.ranks[1]};
}

Number squared_floor_of_chance(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks) return std::nullopt;
  return mean_squared_correlation_floor(ranks->x, ranks->y, facts.independent_samples);
}

Number squared_floor(const PairFacts& facts) {
  return raised_by_positions(facts, Measure::r2_cca, facts.independent_samples,
                             squared_floor_of_chance(facts));
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

/// The floors of CKA's relatives and of the distances of shapes are averages over permutations of
/// rows, which say nothing where rows of one image depend on one another.
Number if_rows_are_independent(const PairFacts& facts, Number floor) {
  return facts.effective_rows == facts.effective_samples ? floor : std::nullopt;
}

/// To count images is on the safe side for floors of CCA, but far too much so for these.
Number if_dependence_is_known(const PairFacts& facts, Number floor) {
  return facts.is_dependence_known ? floor : std::nullopt;
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

double floor_of_ranks(const PairFacts& facts, std::size_t x, std::size_t y, double n) {
  return facts.is_complex ? complex_mean_correlation_floor(x, y, n)
                          : mean_correlation_floor(x, y, n);
}

Number mean_correlation_floor_of(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks) return std::nullopt;
  return floor_of_ranks(facts, ranks->x, ranks->y, facts.independent_samples);
}

Number regression_floor_of(const PairFacts& facts, std::size_t from, double n) {
  if (!facts.ranks[from]) return std::nullopt;
  return regression_floor(*facts.ranks[from], n);
}

Number floor_of(const PanelSolution& solution, const PairSolution& pair, const PairFacts& facts,
                Measure measure, double n, const std::optional<ChanceLaw>& law) {
  switch (measure) {
    case Measure::mean_cca:
    case Measure::pwcca:
    case Measure::pwcca_y:
    case Measure::pwcca_mean:
      return mean_correlation_floor_of(facts);
    case Measure::r2_cca:
      return squared_floor_of_chance(facts);
    case Measure::r2_cca_adjusted:
      return 0;
    case Measure::svcca:
      return floor_of_ranks(facts, facts.svcca_kept[0], facts.svcca_kept[1], n);
    case Measure::linear_cka:
      return if_dependence_is_known(facts,
                                    linear_cka_floor(solution.taps[pair.x].effective_rank,
                                                     solution.taps[pair.y].effective_rank, n));
    case Measure::linear_cka_debiased:
      return if_rows_are_independent(facts, 0);
    case Measure::rv2:
      return if_rows_are_independent(facts, pair.rv2_floor);
    case Measure::linreg_x_from_y:
      return regression_floor_of(facts, 1, n);
    case Measure::linreg_y_from_x:
      return regression_floor_of(facts, 0, n);
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
    case Measure::partial_whitening:
      return law ? shape_floor(solution, pair, measure, *law) : std::nullopt;
  }
  return std::nullopt;
}

bool needs_ranks(Measure measure) {
  switch (measure) {
    case Measure::svcca:
    case Measure::linear_cka:
    case Measure::linear_cka_debiased:
    case Measure::rv2:
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
    case Measure::partial_whitening:
      return false;
    default:
      return true;
  }
}

/// The law of a measure's similarity on n samples of independent data, for distances that of their
/// cosine. Empty where none is known.
std::optional<ChanceLaw> chance_law(const PanelSolution& solution, const PairSolution& pair,
                                    const PairFacts& facts, Measure measure, double n) {
  const auto ranks = ranks_of(facts);
  const Numbers numbers = facts.is_complex ? Numbers::complex : Numbers::real;
  if (needs_ranks(measure) && !ranks) return std::nullopt;
  const auto of_weights = [&](const std::vector<double>& weights,
                              const std::vector<double>& others) {
    double spread = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double difference =
          (weights[i] + others[i]) / 2 - 1 / static_cast<double>(weights.size());
      spread += difference * difference;
    }
    return ChanceLaw::of_mean_correlation(ranks->x, ranks->y, n, spread, numbers);
  };
  switch (measure) {
    case Measure::mean_cca:
      return ChanceLaw::of_mean_correlation(ranks->x, ranks->y, n, 0, numbers);
    case Measure::r2_cca:
    case Measure::r2_cca_adjusted:
      return ChanceLaw::of_mean_squared_correlation(ranks->x, ranks->y, n, numbers);
    case Measure::pwcca:
      return of_weights(pair.weights_x, pair.weights_x);
    case Measure::pwcca_y:
      return of_weights(pair.weights_y, pair.weights_y);
    case Measure::pwcca_mean:
      return of_weights(pair.weights_x, pair.weights_y);
    case Measure::svcca:
      return ChanceLaw::of_mean_correlation(facts.svcca_kept[0], facts.svcca_kept[1], n, 0,
                                            numbers);
    case Measure::linear_cka:
    case Measure::linear_cka_debiased:
    case Measure::rv2:
      if (!facts.is_dependence_known) return std::nullopt;
      return ChanceLaw::of_linear_cka(solution.taps[pair.x].effective_rank,
                                      solution.taps[pair.y].effective_rank, n, numbers);
    case Measure::linreg_x_from_y:
      return ChanceLaw::of_regression(ranks->y, solution.taps[pair.x].effective_rank, n, numbers);
    case Measure::linreg_y_from_x:
      return ChanceLaw::of_regression(ranks->x, solution.taps[pair.y].effective_rank, n, numbers);
    case Measure::procrustes:
    case Measure::procrustes_normalised:
    case Measure::angular:
    case Measure::partial_whitening:
      if (facts.effective_rows != facts.effective_samples) return std::nullopt;
      return shape_law(solution, pair, facts, measure, n);
  }
  return std::nullopt;
}

/// How far a floor that positions raise may be off: the positions of a cell are not all alike.
constexpr double doubt_of_positions = 0.1;

/// The law on n samples, with what unrelated images have in common because of their positions.
std::optional<ChanceLaw> law_with_positions(const PanelSolution& solution, const PairSolution& pair,
                                            const PairFacts& facts, Measure measure, double n) {
  const auto law = chance_law(solution, pair, facts, measure, n);
  if (!law || law->says_nothing() || !facts.positions) return law;
  const bool is_of_squares = measure == Measure::r2_cca_adjusted;
  const bool is_of_cka = measure == Measure::linear_cka_debiased || measure == Measure::rv2;
  const Measure of_law = is_of_squares ? Measure::r2_cca
                         : is_of_cka   ? Measure::linear_cka
                                       : measure;
  const Number raised = raised_by_positions(facts, of_law, n, law->mean());
  return law->moved_to(*raised, doubt_of_positions * std::abs(*raised - law->mean()));
}

/// What the law of a measure is about. For given sides, CKA's debiased forms rise and fall with CKA
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
  const auto law = law_with_positions(solution, pair, facts, measure.measure, n);
  result.floor = raised_by_positions(facts, measure.measure, n,
                                     floor_of(solution, pair, facts, measure.measure, n, law));
  const Number score = score_of(pair, facts, result);
  if (law && score) result.p_value = law->above(*score);
  return result;
}

std::optional<double> samples_needed(const PanelSolution& solution, std::size_t pair_index,
                                     const MeasureResult& result) {
  if (!result.p_value || !(*result.p_value >= told_from_chance)) return std::nullopt;
  const PairSolution& pair = solution.pairs[pair_index];
  const PairFacts facts = facts_of(solution, pair_index);
  const auto law_at = [&](double n) {
    return *law_with_positions(solution, pair, facts, result.measure->measure, n);
  };
  // More images bring as many independent samples each as these do.
  const double images = facts.effective_samples / result.independent_samples;
  if (law_at(result.independent_samples).says_nothing()) {
    const std::size_t widest = std::max(facts.features[0], facts.features[1]);
    return std::ceil(static_cast<double>(samples_per_feature * widest) * images);
  }
  const Number score = score_of(pair, facts, result);
  if (!score) return std::nullopt;
  const auto needed = samples_to_tell(*score, result.independent_samples, law_at);
  return needed ? Number(std::ceil(*needed * images)) : std::nullopt;
}

std::optional<double> evaluate_value(const PanelSolution& solution, std::size_t pair_index,
                                     const MeasureInfo& measure) {
  const PairFacts facts = facts_of(solution, pair_index);
  if (!has_value(facts.status)) return std::nullopt;
  return value_of(solution.pairs[pair_index], facts, measure.measure);
}

std::optional<double> mean_cca_floor(const PairFacts& facts) {
  if (!has_value(facts.status)) return std::nullopt;
  return raised_by_positions(facts, Measure::mean_cca, facts.independent_samples,
                             mean_correlation_floor_of(facts));
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
  return std::max(*line, facts.positions->correlations.front());
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
