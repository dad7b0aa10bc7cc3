#pragma once

#include <optional>

#include "livecca/measures/measure.hpp"
#include "measures/chance_law.hpp"

namespace livecca {

/// What the distances of shapes have of unrelated data: `procrustes`, `procrustes_normalised`,
/// `angular` and `partial_whitening`. Each is a function of a cosine, ‖Sxy‖_* / √(tr Sxx · tr Syy),
/// and of the sides' variances. Given the sides, only the cosine is left to chance.

/// The law of the cosine on n samples of independent data. Empty where the solve did not find the
/// sides' spectra.
std::optional<ChanceLaw> shape_law(const PanelSolution& solution, const PairSolution& pair,
                                   const PairFacts& facts, Measure measure, double n);

/// The cosine that the distance is of. Empty where the solve did not compute it.
std::optional<double> shape_cosine(const PairSolution& pair, Measure measure);

/// The mean distance under a law of the cosine. Empty where it is beyond float64.
std::optional<double> shape_floor(const PanelSolution& solution, const PairSolution& pair,
                                  Measure measure, const ChanceLaw& law);

}  // namespace livecca
