#pragma once

#include "livecca/measures/measure.hpp"
#include "measures/chance_law.hpp"

namespace livecca {

/// How many independent samples a measure's floor counts.
double independent_samples(const PairFacts& facts, Measure measure);

/// The floor of `samples` independent samples, raised to that of images whose positions are alike:
/// what both sides have in common because both depend on the position. The floor itself if nothing
/// is known of positions. Of the distances of shapes it is that of their cosine.
RaisedFloor raised_by_positions(const PairFacts& facts, Measure measure, double samples,
                                double floor);

}  // namespace livecca
