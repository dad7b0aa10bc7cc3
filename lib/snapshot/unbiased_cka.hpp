#pragma once

#include <optional>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// The relatives of linear CKA that leave out what a sample has in common with itself. Each is
/// empty where it does not exist.
struct UnbiasedCka {
  /// From unbiased HSIC (Song et al. 2012, equation 5). Does not exist if a side's HSIC with itself
  /// is 0 up to rounding: of points that are all equally far apart, or orthogonal.
  std::optional<double> debiased;
  /// From the Gram matrices without their diagonals (RV2: Smilde et al. 2009). Does not exist if a
  /// side has nothing but rounding there.
  std::optional<double> rv2;
  /// What RV2 scores on average if the rows of one side are permuted: Σp·Σq / (n(n − 1)) takes the
  /// place of ‖Mxy‖²_F − Σpq.
  std::optional<double> rv2_floor;
};

/// See scatter_norm() and product_norm().
struct FrobeniusNorms {
  double x = 0;
  double y = 0;
  double cross = 0;
};

/// Of a pair whose three moments hold the same rows. All are empty without norm sums or with fewer
/// than 4 rows. Cost: O(features).
UnbiasedCka unbiased_cka(const Moments& x, const Moments& y, const CrossMoments& cross,
                         const FrobeniusNorms& norms);

}  // namespace livecca
