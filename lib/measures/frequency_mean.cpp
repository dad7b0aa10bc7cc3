#include "livecca/measures/frequency_mean.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "measures/measure_chance.hpp"

namespace livecca {
namespace {

bool counts(Status status) { return status != Status::constant; }

bool varies(const TapSolution& tap) {
  return tap.constant_features < tap.features && tap.rank != 0U;
}

/// What a measure is where only one of two sides varies; empty where there is nothing to share.
std::optional<double> one_sided_value(Measure measure, const TapSolution& x, const TapSolution& y) {
  switch (measure) {
    case Measure::linear_cka_debiased:
    case Measure::rv2:
      return std::nullopt;
    case Measure::linreg_x_from_y:
      return varies(x) ? std::optional(0.0) : std::nullopt;
    case Measure::linreg_y_from_x:
      return varies(y) ? std::optional(0.0) : std::nullopt;
    case Measure::procrustes:
      return std::sqrt(varies(x) ? x.total_scatter : y.total_scatter);
    case Measure::procrustes_normalised:
      return 2;
    case Measure::angular:
    case Measure::partial_whitening:
      return std::acos(0.0);
    case Measure::mean_cca:
    case Measure::r2_cca:
    case Measure::r2_cca_adjusted:
    case Measure::pwcca:
    case Measure::pwcca_y:
    case Measure::pwcca_mean:
    case Measure::svcca:
    case Measure::linear_cka:
      return 0;
  }
  return std::nullopt;
}

/// A measure at one frequency.
MeasureResult evaluate_at(const PanelSolution& solution, std::size_t pair,
                          const MeasureInfo& measure) {
  MeasureResult result = evaluate(solution, pair, measure);
  const TapSolution& x = solution.taps[solution.pairs[pair].x];
  const TapSolution& y = solution.taps[solution.pairs[pair].y];
  if (result.status != Status::constant || varies(x) == varies(y)) return result;
  result.value = one_sided_value(measure.measure, x, y);
  if (!result.value) return result;
  result.floor = measure.direction == Direction::similarity ? 0 : *result.value;
  return result;
}

std::vector<MeasureResult> results_at(const PanelSolution& solution, const LayerPair& layers,
                                      const MeasureInfo& measure) {
  std::vector<MeasureResult> results;
  for (const std::size_t pair : layers.pairs) {
    results.push_back(evaluate_at(solution, pair, measure));
  }
  return results;
}

/// The worst that any frequency has; constant only if all are.
Status worst_status(const PanelSolution& solution, const LayerPair& layers) {
  Status worst = Status::ok;
  bool any = false;
  for (const std::size_t pair : layers.pairs) {
    const Status status = facts_of(solution, pair).status;
    if (!counts(status)) continue;
    worst = std::max(worst, status);
    any = true;
  }
  return any ? worst : Status::constant;
}

/// A mean over frequencies, of those that have a number.
class Mean {
 public:
  void add(std::optional<double> value, double multiplicity) {
    if (!value) return;
    sum_ += multiplicity * *value;
    squares_ += multiplicity * *value * *value;
    count_ += multiplicity;
  }
  std::optional<double> mean() const {
    return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt;
  }
  std::optional<double> root_of_squares() const {
    return count_ > 0 ? std::optional(std::sqrt(squares_)) : std::nullopt;
  }

 private:
  double sum_ = 0;
  double squares_ = 0;
  double count_ = 0;
};

/// What chance makes of a mean over frequencies. One order of the images serves all of them, so
/// their scores may vary together.
class MeanChance {
 public:
  /// `at` has the measure's result at each of the layers' frequencies.
  MeanChance(const PanelSolution& solution, const LayerPair& layers, const MeasureInfo& measure,
             const std::vector<MeasureResult>& at)
      : solution_(solution), measure_(measure) {
    double scores = 0;
    double sum = 0;
    for (std::size_t i = 0; i < layers.pairs.size(); ++i) {
      const PairSolution& pair = solution.pairs[layers.pairs[i]];
      const TapSolution& x = solution.taps[pair.x];
      const TapSolution& y = solution.taps[pair.y];
      // Where one side does not vary nothing is shared, whatever the order of the images.
      if (!varies(x) || !varies(y)) continue;
      const Number score = score_of(pair, facts_of(solution, layers.pairs[i]), at[i]);
      if (!score) return;
      double weight = layers.multiplicities[i];
      if (measure.measure == Measure::procrustes) {  // squares of a² + b² − 2ab · cosine add up
        weight *= std::sqrt(x.total_scatter) * std::sqrt(y.total_scatter);
      }
      pairs_.push_back(layers.pairs[i]);
      weights_.push_back(weight);
      sum += weight;
      scores += weight * *score;
    }
    if (sum > 0) score_ = scores / sum;
  }

  /// The mean of what the law is about; empty where some frequency has none.
  Number score() const { return score_; }

  /// Empty where no law is known at some frequency.
  std::optional<ChanceLaw> law(double n) const {
    std::vector<ChanceLaw> laws;
    for (const std::size_t pair : pairs_) {
      const auto law =
          law_of(solution_, solution_.pairs[pair], facts_of(solution_, pair), measure_.measure, n);
      if (!law) return std::nullopt;
      laws.push_back(*law);
    }
    return ChanceLaw::of_mean_at_most(laws, weights_);
  }

 private:
  const PanelSolution& solution_;
  const MeasureInfo& measure_;
  std::vector<std::size_t> pairs_;  ///< at which both sides vary
  std::vector<double> weights_;
  Number score_;
};

bool same_layers(const PanelMoments& moments, const PairMoments& a, const PairMoments& b) {
  const auto same = [&](std::size_t one, std::size_t other) {
    const TapMoments& tap = moments.taps[one];
    const TapMoments& with = moments.taps[other];
    return tap.name.network == with.name.network && with.frequency &&
           layer_without_frequency(tap) == layer_without_frequency(with);
  };
  return moments.taps[a.x].frequency && same(a.x, b.x) && same(a.y, b.y);
}

double multiplicity_of(const PanelMoments& moments, const PairMoments& pair) {
  const auto& frequency = moments.taps[pair.x].frequency;
  return frequency ? frequency->multiplicity : 1;
}

}  // namespace

std::string layer_without_frequency(const TapMoments& tap) {
  if (!tap.frequency) return tap.name.layer;
  return tap.name.layer.substr(0, tap.name.layer.rfind("@f("));
}

std::vector<LayerPair> layer_pairs(const PanelMoments& moments) {
  std::vector<LayerPair> result;
  for (std::size_t p = 0; p < moments.pairs.size(); ++p) {
    const PairMoments& pair = moments.pairs[p];
    auto found = std::ranges::find_if(result, [&](const LayerPair& layers) {
      return same_layers(moments, moments.pairs[layers.pairs.front()], pair);
    });
    if (found == result.end()) found = result.insert(result.end(), LayerPair{});
    found->pairs.push_back(p);
    found->multiplicities.push_back(multiplicity_of(moments, pair));
  }
  return result;
}

MeasureResult evaluate(const PanelSolution& solution, const LayerPair& layers,
                       const MeasureInfo& measure) {
  MeasureResult result = evaluate(solution, layers.pairs.front(), measure);
  if (!layers.is_of_frequencies()) return result;
  Mean values;
  Mean floors;
  bool has_floors = true;
  const std::vector<MeasureResult> all = results_at(solution, layers, measure);
  for (std::size_t i = 0; i < all.size(); ++i) {
    values.add(all[i].value, layers.multiplicities[i]);
    floors.add(all[i].floor, layers.multiplicities[i]);
    has_floors = has_floors && all[i].floor.has_value() == all[i].value.has_value();
  }
  result.status = worst_status(solution, layers);
  result.value = std::nullopt;
  result.floor = std::nullopt;
  result.p_value = std::nullopt;
  if (!has_value(result.status)) return result;
  const auto over_all = [&](const Mean& numbers) {
    return measure.measure == Measure::procrustes ? numbers.root_of_squares() : numbers.mean();
  };
  result.value = over_all(values);
  if (has_floors) result.floor = over_all(floors);
  const MeanChance chance(solution, layers, measure, all);
  const auto law = chance.score() ? chance.law(result.independent_samples) : std::nullopt;
  if (law && result.value) result.p_value = law->above(*chance.score());
  if (!result.value) result.status = Status::missing;
  return result;
}

std::optional<double> samples_needed(const PanelSolution& solution, const LayerPair& layers,
                                     const MeasureResult& result) {
  const std::size_t first = layers.pairs.front();
  if (!layers.is_of_frequencies()) return samples_needed(solution, first, result);
  if (!result.p_value || !(*result.p_value >= told_from_chance)) return std::nullopt;
  const MeanChance chance(solution, layers, *result.measure,
                          results_at(solution, layers, *result.measure));
  const auto law_at = [&](double n) { return *chance.law(n); };
  return samples_needed(facts_of(solution, first), result, *chance.score(), law_at);
}

FrequencyCounts count_frequencies(const PanelSolution& solution, const LayerPair& layers) {
  FrequencyCounts counted;
  for (const std::size_t pair : layers.pairs) {
    const bool x = varies(solution.taps[solution.pairs[pair].x]);
    const bool y = varies(solution.taps[solution.pairs[pair].y]);
    ++(x && y ? counted.shared : x || y ? counted.one_sided : counted.absent);
  }
  return counted;
}

PairFacts facts_of(const PanelSolution& solution, const LayerPair& layers) {
  PairFacts facts = facts_of(solution, layers.pairs.front());
  if (!layers.is_of_frequencies()) return facts;
  if (facts.status == Status::constant) facts.ranks = {};
  for (const std::size_t pair : layers.pairs) {
    const PairFacts at = facts_of(solution, pair);
    for (std::size_t side = 0; side < 2; ++side) {
      if (counts(at.status) && at.ranks[side]) {
        facts.ranks[side] = std::min(facts.ranks[side].value_or(*at.ranks[side]), *at.ranks[side]);
      }
      facts.svcca_kept[side] = std::max(facts.svcca_kept[side], at.svcca_kept[side]);
    }
  }
  facts.status = worst_status(solution, layers);
  return facts;
}

}  // namespace livecca
