#pragma once

#include <algorithm>

namespace livecca {

/// Below this a variance loses digits to the end of float64's range: a neuron that varies by less
/// than 1e-145 counts as constant.
inline constexpr double smallest_variance = 1e-290;
/// A direction counts as one of the data from four times the deviation of the rounding in it.
inline constexpr double rounding_margin = 16;

/// Whether a neuron varies, and by more than the rounding of its values. Both are variances.
inline bool neuron_varies(double variance, double rounding) {
  return variance > std::max(smallest_variance, rounding_margin * rounding);
}

}  // namespace livecca
