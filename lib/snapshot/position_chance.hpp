#pragma once

#include "livecca/snapshot/position_chance.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {

/// What unrelated images would make of two taps whose positions were sampled. `images`: how many
/// different ones there are. Empty if the taps' positions differ. Cost: some 100 · 128² products,
/// and singular values of a matrix of at most 128 × 128.
std::optional<PositionChance> position_chance(const WhitenedTap& x, const WhitenedTap& y,
                                              double images);

}  // namespace livecca
