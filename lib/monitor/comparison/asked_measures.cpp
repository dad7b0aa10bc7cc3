#include "monitor/comparison/asked_measures.hpp"

#include <algorithm>

namespace livecca {

std::vector<const MeasureInfo*> measures_of(const MonitorOptions& options) {
  std::vector<const MeasureInfo*> measures;
  for (const std::string& name : options.measures) measures.push_back(find_measure(name));
  return measures;
}

std::string headline_measure(const MonitorOptions& options) {
  return find_measure(options.measures.front())->row_name();
}

bool needs_norm_sums(const MonitorOptions& options) {
  return std::ranges::any_of(measures_of(options), &MeasureInfo::needs_norm_sums);
}

SolveOptions solve_options(const MonitorOptions& options) {
  SolveOptions result;
  result.keep_variance = options.keep_variance;
  result.partial_whitening_alpha = options.partial_whitening_alpha;
  // Ranks and spectra stand in the rows, whatever the measures.
  constexpr Quantities rows{.whitening = true, .weights_x = true, .condition = true};
  result.quantities = needs_of(measures_of(options)) | rows;
  return result;
}

}  // namespace livecca
