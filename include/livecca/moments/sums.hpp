#pragma once

#include <optional>
#include <span>

#include "livecca/activations/sample_weights.hpp"
#include "livecca/moments/norm_sums.hpp"
#include "livecca/moments/precision.hpp"

namespace livecca {

// Sums over samples that were computed elsewhere, e.g. on a GPU or by other ranks. The spans are
// only read during from_sums(), which copies.

/// The sums of one tap, for Moments::from_sums().
struct TapSums {
  /// Σw and Σw² over rows and over images; see SampleWeights::equal() if every row weighs 1.
  SampleWeights weights;
  /// The weighted mean; one entry a feature.
  std::span<const double> mean;
  /// Σ w (x − mean)(x − mean)ᵀ, features × features, column-major, both triangles. Subtract the
  /// mean before you multiply: Σ w x xᵀ − n · mean · meanᵀ loses the digits that the two terms
  /// share.
  std::span<const double> scatter;
  /// Needed only for debiased CKA, and possible only if every row weighs 1.
  std::optional<NormSums> norm_sums{};
  /// Precision::fast if the products were computed in float32 or coarser.
  Precision precision = Precision::exact;
  /// The relative rounding error of the activations, in [0, 1]: roundoff_of() of their type.
  double roundoff = 0;
};

/// The sums of two taps over the same rows, for CrossMoments::from_sums().
struct PairSums {
  SampleWeights weights;
  std::span<const double> mean_x;
  std::span<const double> mean_y;
  /// Σ w (x − mean_x)(y − mean_y)ᵀ, features_x × features_y, column-major.
  std::span<const double> product;
  std::optional<CrossNormSums> norm_sums{};
  Precision precision = Precision::exact;
};

}  // namespace livecca
