#pragma once

#include <optional>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// Debiased linear CKA (unbiased HSIC: Song et al. 2012, equation 5) of a pair whose three moments
/// hold the same rows. Empty without norm sums, with fewer than 4 rows, or where an estimate of a
/// side's similarity to itself is not above 0. Cost: O(features²).
std::optional<double> debiased_cka(const Moments& x, const Moments& y, const CrossMoments& cross);

}  // namespace livecca
