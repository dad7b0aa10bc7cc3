#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/moments/moments.hpp"

namespace livecca {

/// Weights, means and centred cross moments of a pair of taps, in features_x · features_y × 8
/// bytes. Accuracy, merging and thread safety are those of Moments.
class LIVECCA_EXPORT CrossMoments {
 public:
  CrossMoments(std::size_t features_x, std::size_t features_y, MomentsOptions options = {});
  /// Makes moments out of sums that were computed elsewhere, e.g. on a GPU. Fails if shapes
  /// disagree, a number is not finite, a weight is negative, or no rows can have these weights.
  /// Cost: O(features_x · features_y).
  static Result<CrossMoments> from_sums(const PairSums& sums);

  /// Adds rows that pair by index; both sides were centred under the same mask and weights. Throws
  /// Error if the row counts differ or the features are not those of this object.
  void update(const PackedRows& x, const PackedRows& y, Executor& executor);
  /// As if the other's rows had been added here. Throws Error if the features differ.
  void merge(const CrossMoments& other);
  /// Makes every row weigh `factor` times as much, in (0, 1].
  void decay(double factor);
  /// Forgets every row.
  void reset();

  std::size_t features_x() const { return mean_x_.size(); }
  std::size_t features_y() const { return mean_y_.size(); }
  std::uint64_t samples() const { return weights_.samples; }
  const SampleWeights& weights() const { return weights_; }
  const ShiftedMean& mean_x() const { return mean_x_; }
  const ShiftedMean& mean_y() const { return mean_y_; }
  /// Σ w (x − mean_x)(y − mean_y)ᵀ, features_x × features_y, column-major.
  std::span<const double> product() const { return product_; }
  Precision precision() const { return precision_; }
  const std::optional<CrossNormSums>& norm_sums() const { return norms_; }

 private:
  friend class MomentsAccess;

  MomentsOptions options_;
  SampleWeights weights_;
  Precision precision_ = Precision::exact;
  ShiftedMean mean_x_;
  ShiftedMean mean_y_;
  std::vector<double> product_;
  std::optional<CrossNormSums> norms_;
};

}  // namespace livecca
