#pragma once

#include "livecca/moments/panel_moments.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {

/// Solves one pair between two whitened taps, as far as the options ask. A pair that is not whole
/// (see PairSolution::present) or does not converge has flags and no numbers.
PairSolution solve_pair(const PanelMoments& panel, const PairMoments& pair, const WhitenedTap& x,
                        const WhitenedTap& y, const SolveOptions& options, const Tasks& tasks);

}  // namespace livecca
