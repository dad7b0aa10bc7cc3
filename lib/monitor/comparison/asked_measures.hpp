#pragma once

#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

// What a monitor's options ask for. Expect valid options.

/// options.measures, in their order.
std::vector<const MeasureInfo*> measures_of(const MonitorOptions& options);

/// The first measure, as rows name it: "pwcca_distance".
std::string headline_measure(const MonitorOptions& options);

/// Whether the measures need more than second moments.
bool needs_norm_sums(const MonitorOptions& options);

/// What the measures and the rows need of a solution.
SolveOptions solve_options(const MonitorOptions& options);

}  // namespace livecca
