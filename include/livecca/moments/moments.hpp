#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/norm_sums.hpp"
#include "livecca/moments/precision.hpp"
#include "livecca/moments/sums.hpp"

namespace livecca {

/// Options for what the moments hold.
struct MomentsOptions {
  Precision precision = Precision::exact;
  /// Also gather the sums that debiased CKA needs: O(features) more numbers. They exist only while
  /// all weights are 1. A row of another weight and decay() remove them.
  bool norm_sums = false;
};

/// Weights, mean and centred second moments of one tap: all that whitening needs. Memory: features²
/// × 8 bytes for any number of samples.
///
/// Each batch is centred by its own mean and then merged (Chan, Golub, LeVeque 1983). So
/// activations with a large offset, such as 1e8, lose no digits. Batch size and the order of merges
/// change the result only by rounding. Counts are exact, and so are the weights if all are 1.
///
/// Thread safety: none while updating; const members may be called from many threads.
class LIVECCA_EXPORT Moments {
 public:
  explicit Moments(std::size_t features, MomentsOptions options = {});
  /// Makes moments from sums that were computed elsewhere, e.g. on a GPU. Fails if shapes disagree,
  /// a number is not finite, a diagonal entry or weight is negative, the weights are impossible for
  /// any rows, or the scatter is not symmetric.
  ///
  /// The two triangles of the scatter may round differently, because they may sum the same products
  /// in another order. s_ij and s_ji may differ by t · √(s_ii · s_jj), where t is 1e-8, or 1e-3 for
  /// Precision::fast. The lower triangle is kept. Cost: O(features²).
  static Result<Moments> from_sums(const TapSums& sums);

  /// Adds rows on which center() was called. Throws Error if the features differ. Cost: rows ·
  /// features² multiply-adds on the executor's training lane.
  void update(const PackedRows& centered, Executor& executor);
  /// Adds the rows of another object. Throws Error if the features differ.
  void merge(const Moments& other);
  /// Multiplies the weight of every row by `factor`, in (0, 1]. Cost: O(features²); nothing for a
  /// factor of 1.
  void decay(double factor);
  /// Forgets every row.
  void reset();

  std::size_t features() const { return mean_.size(); }
  /// The number of rows, regardless of their weight.
  std::uint64_t samples() const { return weights_.samples; }
  const SampleWeights& weights() const { return weights_; }
  const ShiftedMean& mean() const { return mean_; }
  /// Σ w (x − mean)(x − mean)ᵀ, features × features, column-major. Only the lower triangle is set.
  std::span<const double> scatter() const { return scatter_; }
  /// How the rows were multiplied. Fast if any of them were multiplied fast.
  Precision precision() const { return precision_; }
  /// Empty if they were not asked for, or if rows have different weights.
  const std::optional<NormSums>& norm_sums() const { return norms_; }
  /// The relative rounding error of the rows: roundoff_of() of the coarsest type that was added. 0
  /// without rows, or in moments from a file that does not state it.
  double roundoff() const { return roundoff_; }
  /// A number that is unique for each state in this process. Unmodified copies share it.
  std::uint64_t version() const { return version_; }

 private:
  friend class MomentsAccess;

  MomentsOptions options_;
  SampleWeights weights_;
  Precision precision_ = Precision::exact;
  ShiftedMean mean_;
  std::vector<double> scatter_;
  std::optional<NormSums> norms_;
  double roundoff_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace livecca
