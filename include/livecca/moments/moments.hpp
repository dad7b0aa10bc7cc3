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

/// What moments gather beyond means and products.
struct MomentsOptions {
  Precision precision = Precision::exact;
  /// The sums that debiased CKA needs: O(features) more numbers. Equal weights only: rows of other
  /// weights and decay() end them.
  bool norm_sums = false;
};

/// Weights, mean and centred second moments of one tap: everything that whitening needs, in
/// features² × 8 bytes, however many samples pass.
///
/// Each batch is centred by its own mean and merged (Chan, Golub, LeVeque 1983), so that offsets of
/// 1e8 lose nothing. Batch size and merge order change the result by rounding only; counts, and
/// weights that are all 1, are exact.
///
/// Thread safety: none while updating; const members may be called from many threads.
class LIVECCA_EXPORT Moments {
 public:
  explicit Moments(std::size_t features, MomentsOptions options = {});
  /// Makes moments out of sums that were computed elsewhere, e.g. on a GPU. Fails if shapes
  /// disagree, a number is not finite, a diagonal entry or weight is negative, no rows can have
  /// these weights, or the scatter is not symmetric. Its two triangles may round differently,
  /// because they may sum the same products in another order: s_ij and s_ji may differ by
  /// t · √(s_ii · s_jj), where t is 1e-8, or 1e-3 for Precision::fast. Keeps the lower triangle.
  /// Cost: O(features²).
  static Result<Moments> from_sums(const TapSums& sums);

  /// Adds rows on which center() was called. Cost: rows · features² multiply-adds on the executor's
  /// training lane. Throws Error if the features differ.
  void update(const PackedRows& centered, Executor& executor);
  /// As if the other's rows had been added here. Throws Error if the features differ.
  void merge(const Moments& other);
  /// Makes every row weigh `factor` times as much, in (0, 1]. Cost: O(features²); none for 1.
  void decay(double factor);
  /// Forgets every row.
  void reset();

  std::size_t features() const { return mean_.size(); }
  /// Rows, whatever they weigh.
  std::uint64_t samples() const { return weights_.samples; }
  const SampleWeights& weights() const { return weights_; }
  const ShiftedMean& mean() const { return mean_; }
  /// Σ w (x − mean)(x − mean)ᵀ, features × features, column-major; only the lower triangle holds
  /// values.
  std::span<const double> scatter() const { return scatter_; }
  /// How the rows were multiplied; fast if any were multiplied fast.
  Precision precision() const { return precision_; }
  /// Empty if they were not asked for, or if weights differ.
  const std::optional<NormSums>& norm_sums() const { return norms_; }
  /// What rounding may have changed the values by, relatively: roundoff_of() of the coarsest type
  /// that was added; 0 without rows, or in moments from a file that does not say.
  double roundoff() const { return roundoff_; }
  /// A number that changes with every change, and that no other moments of this process have but
  /// copies that have not changed since.
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
