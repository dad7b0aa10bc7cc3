#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// What a layer's rows are kept in half precision with: half = (value − shift) / scale. Scales are
/// powers of two and shifts numbers of the decoded type, so a constant feature comes back exactly.
struct HalfScaling {
  std::vector<double> scale;
  std::vector<double> shift;
  /// Estimated, of the mean canonical correlation with anything.
  double loss = 0;
  /// For ActivationView::with_roundoff(): what the rounding is relative to the root mean square, of
  /// the feature where that is least. More would hide small features behind a large mean.
  double roundoff = 0;
};

/// The lowest and the highest value of each feature over the rows that count.
struct ValueRange {
  std::vector<double> lowest;
  std::vector<double> highest;
};

/// The scaling of a layer, or nothing where half precision would lose.
///
/// With the feature's mean as the shift, half precision rounds by at most 2^-11 of |x − mean|,
/// which is noise of variance u² ≤ 2^-22 / 3 relative to the feature's own; what is far below the
/// largest |x − mean| is rounded absolutely, and decoding rounds once more relative to the value
/// itself: both are added. Noise of variances u² on the diagonal of the correlation matrix R lowers
/// the ρ of a direction of eigenvalue λ by u² / 2λ, so on average over directions by
///
///     loss = ½ · Σ_j u_j² (R⁻¹)_jj / d
///
/// Half precision is taken where that is at most 1e-4 and R, of the features that vary, is of full
/// rank with room: more rows than features, a Cholesky factor, and u² · ‖R⁻¹‖ ≤ 1/32, so that no
/// direction comes near the noise and none is taken for it. Features that are constant, but for
/// rounding, are left out of R. Nothing also for values so large that rounding up would overflow.
///
/// `decoded` is float32 or float64. Cost: O(features³). Memory: three features² matrices.
std::optional<HalfScaling> half_scaling(const Moments& moments, const ValueRange& range,
                                        DType decoded);

/// The halves that are stored, as bits: (value − shift) / scale, or without a scaling the nearest
/// to the values. Whole rows; replaces the content of `into`.
void to_halves(std::span<const double> values, const HalfScaling* scaling,
               std::vector<std::uint16_t>& into);

}  // namespace livecca
