#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"

namespace livecca {

/// Count, mean and centred second moments of one tap: everything that whitening needs, in
/// features² × 8 bytes, however many samples pass.
///
/// Each batch is centred by its own mean and merged (Chan, Golub, LeVeque 1983), so that offsets of
/// 1e8 lose nothing. Batch size and merge order change the result by rounding only.
///
/// Thread safety: none while updating; const members may be called from many threads.
class LIVECCA_EXPORT Moments {
 public:
  explicit Moments(std::size_t features);

  /// Adds rows on which center() was called. Cost: rows · features² multiply-adds on the executor's
  /// training lane. Throws Error if the features differ.
  void update(const PackedRows& centered, Executor& executor);
  /// As if the other's rows had been added here. Throws Error if the features differ.
  void merge(const Moments& other);
  /// Forgets every row.
  void reset();

  std::size_t features() const { return mean_.size(); }
  std::uint64_t samples() const { return samples_; }
  /// Images behind the samples: what the noise floor counts.
  std::uint64_t effective_samples() const { return effective_samples_; }
  const ShiftedMean& mean() const { return mean_; }
  /// Σ (x − mean)(x − mean)ᵀ, features × features, column-major; only the lower triangle holds
  /// values.
  std::span<const double> scatter() const { return scatter_; }

 private:
  friend class TileUpdate;

  std::uint64_t samples_ = 0;
  std::uint64_t effective_samples_ = 0;
  ShiftedMean mean_;
  std::vector<double> scatter_;
};

}  // namespace livecca
