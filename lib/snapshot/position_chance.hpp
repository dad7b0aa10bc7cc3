#pragma once

#include "livecca/snapshot/position_chance.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {

/// What unrelated images would make of two taps whose positions were sampled. `images`: how many
/// different ones there are. Empty if the taps' positions differ. Cost: products of features
/// with 128 cells, and singular vectors of a matrix of at most 128 × 128 for measures that need
/// correlations. Of shape distances what shared_norm() costs.
std::optional<PositionChance> position_chance(const WhitenedTap& x, const WhitenedTap& y,
                                              double images, const Quantities& quantities,
                                              const Tasks& tasks);

}  // namespace livecca
