#pragma once

#include <functional>
#include <optional>

#include "livecca/measures/measure.hpp"
#include "measures/chance_law.hpp"

namespace livecca {

using Number = std::optional<double>;

/// Ranks that both are known.
struct Ranks {
  std::size_t x;
  std::size_t y;
};

/// Empty if the solve did not compute them.
std::optional<Ranks> ranks_of(const PairFacts& facts);

/// To count images is on the safe side for floors of CCA, but far too much so for these.
inline Number if_dependence_is_known(const PairFacts& facts, Number floor) {
  return facts.is_dependence_known ? floor : std::nullopt;
}

/// The floor of the mean squared correlation.
Number squared_floor(const PairFacts& facts);
/// The floor of the mean correlation.
Number mean_floor(const PairFacts& facts);

/// The law of a measure's similarity on n samples of unrelated images, for distances that of their
/// cosine, with what such images have in common because of their positions. Empty where no law is
/// known.
std::optional<ChanceLaw> law_of(const PanelSolution& solution, const PairSolution& pair,
                                const PairFacts& facts, Measure measure, double n);

/// What that law is about: the value itself, or what it is a function of. Empty if there is none.
Number score_of(const PairSolution& pair, const PairFacts& facts, const MeasureResult& result);

/// The mean of that law, on the scale of the measure. Empty where none is derived.
Number floor_of(const PanelSolution& solution, const PairSolution& pair, const PairFacts& facts,
                Measure measure, double n, const std::optional<ChanceLaw>& law);

/// See samples_needed() of a pair; for a number that is not told from chance, and the law of its
/// score.
std::optional<double> samples_needed(const PairFacts& facts, const MeasureResult& result,
                                     double score, const std::function<ChanceLaw(double)>& law_at);

}  // namespace livecca
