#pragma once

#include <optional>

#include "livecca/measures/measure.hpp"

namespace livecca {

/// How many independent samples a measure's floor counts.
double independent_samples(const PairFacts& facts, Measure measure);

/// The floor of `samples` independent samples, raised to that of images whose positions are alike:
/// what both sides have in common because both depend on the position. Unchanged if nothing is
/// known of positions.
std::optional<double> raised_by_positions(const PairFacts& facts, Measure measure, double samples,
                                          std::optional<double> floor);

}  // namespace livecca
