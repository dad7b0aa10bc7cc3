#pragma once

#include <cstdint>

#include "livecca/common/export.hpp"

namespace livecca {

/// Whether larger numbers mean closer sides.
enum class Direction : std::uint8_t { similarity, distance };

/// "similarity" or "distance".
LIVECCA_EXPORT const char* name_of(Direction direction);

}  // namespace livecca
