#pragma once

#include <cstdint>
#include <optional>

#include "livecca/common/export.hpp"

namespace livecca {

/// Whether larger numbers mean closer sides.
enum class Direction : std::uint8_t { similarity, distance };

/// "similarity" or "distance".
LIVECCA_EXPORT const char* name_of(Direction direction);

/// Whether a number says no more than chance: it is no nearer than its noise floor, which is what
/// unrelated data of this size have. False if one of them is missing. Tables mark such numbers "~".
inline bool is_like_unrelated(Direction direction, std::optional<double> value,
                              std::optional<double> noise_floor) {
  if (!value || !noise_floor) return false;
  return direction == Direction::distance ? *value >= *noise_floor : *value <= *noise_floor;
}

}  // namespace livecca
