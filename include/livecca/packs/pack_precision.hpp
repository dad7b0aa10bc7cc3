#pragma once

#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// How a recording stores activations.
enum class PackPrecision : std::uint8_t {
  /// Half precision, scaled per feature. A layer is stored like this if every row is finite and the
  /// mean canonical correlation is estimated to change by at most 1e-4. Otherwise the layer is
  /// stored as with `exact`. Half precision takes half the disk of float32.
  half,
  /// Without loss: float64 as float64, float16 as float16, all other types as float32.
  exact,
};

/// "half" or "exact"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(PackPrecision precision);

}  // namespace livecca
