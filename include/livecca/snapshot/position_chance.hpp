#pragma once

#include <optional>
#include <vector>

#include "livecca/common/export.hpp"

namespace livecca {

/// What two layers have in common on unrelated images, if an image gives several rows: rows of one
/// image depend on each other, and rows of the same position are alike in all images, for example
/// at the borders of convolutions that pad. Found from the rows of some images
/// (docs/decisions/0005).
struct PositionChance {
  /// How many independent rows would vary as much by chance, as each measure weighs directions:
  /// from the number of images to that of rows.
  struct IndependentSamples {
    double cca = 0;
    double svcca = 0;
    double cka = 0;
    double x_from_y = 0;
    double y_from_x = 0;
    double partly_whitened = 0;
  };
  IndependentSamples independent_samples;
  /// PWCCA's weights of a side, which depend on how many of the shared directions are seen.
  struct Weights {
    std::vector<double> sums;    ///< of each shared direction, of sums over features
    std::vector<double> totals;  ///< of all directions, if the first 0, 1, 2, … are seen
  };
  /// Canonical correlations of what depends on the position alone, descending: as they are, not as
  /// they look among few samples. Those that may be noise of the images read are left out.
  std::vector<double> correlations;
  Weights weights_x;
  Weights weights_y;
  std::vector<double> svcca_correlations;
  /// What positions add to a measure that sums squares.
  struct Shared {
    double value = 0;
    /// tr(Sx S0 Sy S0ᵀ) in the measure's units, S0 the cross-covariance of what depends on the
    /// position. Four times this, over the independent samples, is added to the measure's
    /// variance.
    double spread = 0;
  };
  Shared squared_correlation_sum;  ///< of all, also hidden ones
  Shared linear_cka;
  Shared regression_x_from_y;
  Shared regression_y_from_x;
  /// What positions add to ‖Sxy‖_* / √(tr Sxx · tr Syy), which is in [0, 1].
  struct SharedNorm {
    /// What unrelated data has of it, of which chance alone would have `chance`:
    /// (chance^power + value^power)^(1/power).
    LIVECCA_EXPORT double with(double chance) const;
    double value = 0;   ///< of the cross-covariance of what depends on the position alone
    double power = 1;   ///< from 1 (both add up) to 64 (the larger one counts)
    double spread = 0;  ///< the deviation that it adds, times the root of the independent samples
  };
  std::optional<SharedNorm> nuclear_norm;  ///< empty if nothing asked for it
  std::optional<SharedNorm> partly_whitened_norm;
};

}  // namespace livecca
