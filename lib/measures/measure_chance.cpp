#include "measures/measure_chance.hpp"

#include <algorithm>
#include <cmath>

#include "livecca/measures/noise_floor.hpp"
#include "measures/position_floors.hpp"
#include "measures/shape_distances.hpp"

namespace livecca {
namespace {

double floor_of_ranks(const PairFacts& facts, std::size_t x, std::size_t y, double n) {
  return facts.is_complex ? complex_mean_correlation_floor(x, y, n)
                          : mean_correlation_floor(x, y, n);
}

Number mean_floor_of_chance(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks) return std::nullopt;
  return floor_of_ranks(facts, ranks->x, ranks->y, facts.independent_samples);
}

Number squared_floor_of_chance(const PairFacts& facts) {
  const auto ranks = ranks_of(facts);
  if (!ranks) return std::nullopt;
  return mean_squared_correlation_floor(ranks->x, ranks->y, facts.independent_samples);
}

/// The floors of CKA's relatives are averages over permutations of rows, which say nothing where
/// rows of one image depend on one another.
Number if_rows_are_independent(const PairFacts& facts, Number floor) {
  return facts.effective_rows == facts.effective_samples ? floor : std::nullopt;
}

Number regression_floor_of(const PairFacts& facts, std::size_t from, double n) {
  if (!facts.ranks[from]) return std::nullopt;
  return regression_floor(*facts.ranks[from], n);
}

Number floor_of_chance(const PanelSolution& solution, const PairSolution& pair,
                       const PairFacts& facts, Measure measure, double n,
                       const std::optional<ChanceLaw>& law) {
  switch (measure) {
    case Measure::mean_cca:
    case Measure::pwcca:
    case Measure::pwcca_y:
    case Measure::pwcca_mean:
      return mean_floor_of_chance(facts);
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

bool is_shape(Measure measure) {
  return measure == Measure::procrustes || measure == Measure::procrustes_normalised ||
         measure == Measure::angular || measure == Measure::partial_whitening;
}

bool needs_ranks(Measure measure) {
  if (is_shape(measure)) return false;
  switch (measure) {
    case Measure::svcca:
    case Measure::linear_cka:
    case Measure::linear_cka_debiased:
    case Measure::rv2:
      return false;
    default:
      return true;
  }
}

/// Of shapes whose positions are known, whether what these have in common was found, too.
bool is_shape_known(const PairFacts& facts, Measure measure) {
  if (!facts.positions) return true;
  return measure == Measure::partial_whitening ? facts.positions->partly_whitened_norm.has_value()
                                               : facts.positions->nuclear_norm.has_value();
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
      if (!facts.is_dependence_known || !is_shape_known(facts, measure)) return std::nullopt;
      return shape_law(solution, pair, facts, measure, n);
  }
  return std::nullopt;
}

Number raised(const PairFacts& facts, Measure measure, double n, Number floor) {
  if (!floor || !facts.positions) return floor;
  return std::min(1.0, raised_by_positions(facts, measure, n, *floor).mean());
}

/// How far a floor that positions raise may be off: the positions of a cell are not all alike.
constexpr double doubt_of_positions = 0.1;

}  // namespace

std::optional<Ranks> ranks_of(const PairFacts& facts) {
  if (!facts.ranks[0] || !facts.ranks[1]) return std::nullopt;
  return Ranks{*facts.ranks[0], *facts.ranks[1]};
}

Number squared_floor(const PairFacts& facts) {
  return raised(facts, Measure::r2_cca, facts.independent_samples, squared_floor_of_chance(facts));
}

Number mean_floor(const PairFacts& facts) {
  return raised(facts, Measure::mean_cca, facts.independent_samples, mean_floor_of_chance(facts));
}

std::optional<ChanceLaw> law_of(const PanelSolution& solution, const PairSolution& pair,
                                const PairFacts& facts, Measure measure, double n) {
  const auto law = chance_law(solution, pair, facts, measure, n);
  if (!law || law->says_nothing() || !facts.positions) return law;
  const bool is_of_squares = measure == Measure::r2_cca_adjusted;
  const bool is_of_cka = measure == Measure::linear_cka_debiased || measure == Measure::rv2;
  const Measure of_law = is_of_squares ? Measure::r2_cca
                         : is_of_cka   ? Measure::linear_cka
                                       : measure;
  const RaisedFloor floor = raised_by_positions(facts, of_law, n, law->mean());
  const double doubt = doubt_of_positions * std::abs(floor.mean() - law->mean());
  return law->raised_to(floor, std::hypot(doubt, floor.deviation));
}

Number floor_of(const PanelSolution& solution, const PairSolution& pair, const PairFacts& facts,
                Measure measure, double n, const std::optional<ChanceLaw>& law) {
  const Number floor = floor_of_chance(solution, pair, facts, measure, n, law);
  if (!is_shape(measure)) return raised(facts, measure, n, floor);
  // Their law is raised already, but for one that says nothing.
  return facts.positions && law && law->says_nothing() ? std::nullopt : floor;
}

}  // namespace livecca
