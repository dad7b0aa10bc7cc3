#pragma once

#include <cmath>

namespace livecca {

/// A sum of weights: finite and 0 or more.
inline bool is_weight(double value) { return std::isfinite(value) && value >= 0; }

/// A relative error: from 0 to 1.
inline bool is_roundoff(double value) { return value >= 0 && value <= 1; }

}  // namespace livecca
