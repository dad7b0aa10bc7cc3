#pragma once

#include <algorithm>
#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// How rows are multiplied. Sums over blocks of rows are float64 in either case.
enum class Precision : std::uint8_t {
  exact,  ///< in float64
  fast,  ///< blocks of rows in float32; the solve then keeps fewer directions, see rank_tolerance()
};

/// "exact" or "fast"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Precision precision);
/// The precision after a merge: fast if either side is.
constexpr Precision worse(Precision a, Precision b) { return std::max(a, b); }

}  // namespace livecca
