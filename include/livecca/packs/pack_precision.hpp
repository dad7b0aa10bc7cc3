#pragma once

#include <cstdint>

namespace livecca {

/// How a recording keeps activations.
enum class PackPrecision : std::uint8_t {
  /// Scaled per feature to half precision, where that is estimated to change the mean canonical
  /// correlation by at most 1e-4 and every row is finite; as they were elsewhere. Half the disk of
  /// float32.
  half,
  /// As they were: float64 as float64, float16 as float16, all others as float32.
  exact,
};

}  // namespace livecca
