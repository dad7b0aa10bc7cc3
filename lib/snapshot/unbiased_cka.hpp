#pragma once

#include <optional>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// The relatives of linear CKA that leave out what a sample has in common with itself.
struct UnbiasedCka {
  /// From unbiased HSIC (Song et al. 2012, equation 5).
  double debiased = 0;
  /// From the Gram matrices without their diagonals (RV2: Smilde et al. 2009).
  double rv2 = 0;
  /// What RV2 scores on average if the rows of one side are permuted: Σp·Σq / (n(n − 1)) takes the
  /// place of ‖Mxy‖²_F − Σpq.
  double rv2_floor = 0;
};

/// Of a pair whose three moments hold the same rows. Empty without norm sums, with fewer than 4
/// rows, or where an estimate of a side's similarity to itself is not above 0. Cost: O(features²).
std::optional<UnbiasedCka> unbiased_cka(const Moments& x, const Moments& y,
                                        const CrossMoments& cross);

}  // namespace livecca
