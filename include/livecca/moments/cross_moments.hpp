#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/moments/moments.hpp"

namespace livecca {

/// Weights, means and centred cross moments of a pair of taps. Memory: features_x · features_y × 8
/// bytes. Accuracy, merging and thread safety are as for Moments.
class LIVECCA_EXPORT CrossMoments {
 public:
  CrossMoments(std::size_t features_x, std::size_t features_y, MomentsOptions options = {});
  /// Makes moments from sums that were computed elsewhere, e.g. on a GPU. Fails if shapes disagree,
  /// a number is not finite, a weight is negative, or the weights are impossible for any rows.
  /// Cost: O(features_x · features_y).
  static Result<CrossMoments> from_sums(const PairSums& sums);

  /// Adds rows that pair by index. Both sides must have been centred with the same mask and the
  /// same weights. Throws Error if the numbers of rows differ, or if the features differ from this
  /// object's.
  void update(const PackedRows& x, const PackedRows& y, Executor& executor);
  /// Adds the rows of another object. Throws Error if the features differ.
  void merge(const CrossMoments& other);
  /// Multiplies the weight of every row by `factor`, in (0, 1].
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
  /// Σ w ‖(x − mean_x) − (y − mean_y)‖²: how far the sides are apart, neuron by neuron. It is
  /// summed from the rows' differences, because for nearly equal sides the other moments share all
  /// digits of it. Empty if the sides have different numbers of features, in moments from sums or
  /// from a file that does not state it, and in what such moments were merged into.
  const std::optional<double>& squared_difference() const { return squared_difference_; }

 private:
  friend class MomentsAccess;

  MomentsOptions options_;
  SampleWeights weights_;
  Precision precision_ = Precision::exact;
  ShiftedMean mean_x_;
  ShiftedMean mean_y_;
  std::vector<double> product_;
  std::optional<CrossNormSums> norms_;
  std::optional<double> squared_difference_;
};

}  // namespace livecca
