#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "livecca/common/export.hpp"

namespace livecca {

/// Whether larger numbers mean closer sides.
enum class Direction : std::uint8_t { similarity, distance };

/// "similarity" or "distance".
LIVECCA_EXPORT const char* name_of(Direction direction);

/// A number is told from chance if its p-value is below this.
inline constexpr double told_from_chance = 0.01;

/// Whether a number says no more than chance: unrelated data of this size would be as near in one
/// of a hundred cases or more, or as another `level` says. Of the nearest of several pairs
/// `nearest_of` is their number: whether the nearest of as many unrelated ones would be as near,
/// for which the p-value times their number is a bound (Bonferroni). Without a p-value: it is no
/// nearer than its noise floor, which is what unrelated data have on average. False if neither is
/// known. Tables mark such numbers "~".
inline bool is_like_unrelated(Direction direction, std::optional<double> value,
                              std::optional<double> noise_floor,
                              std::optional<double> p_value = std::nullopt,
                              std::size_t nearest_of = 1, double level = told_from_chance) {
  if (value && p_value) return *p_value * static_cast<double>(nearest_of) >= level;
  if (!value || !noise_floor) return false;
  return direction == Direction::distance ? *value >= *noise_floor : *value <= *noise_floor;
}

}  // namespace livecca
