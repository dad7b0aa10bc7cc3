#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel.hpp"

namespace livecca {

struct SolveOptions {
  /// SVCCA keeps the fewest leading directions that hold this share of a side's variance, (0, 1].
  double keep_variance = 0.99;
  /// Or this many, if not 0; at most the side's rank.
  std::size_t keep_directions = 0;
  /// Without SVCCA a tap needs one eigendecomposition less, a pair one SVD less.
  bool svcca = true;
};

/// What the solve learns of one tap.
struct TapSolution {
  bool present = false;    ///< false: never fed, or left the panel
  bool converged = false;  ///< false also where moments overflowed
  std::uint64_t samples = 0;
  /// Images behind the samples, or their effective number where rows weigh differently.
  double effective_samples = 0;
  std::uint64_t samples_left_out = 0;
  std::size_t features = 0;
  std::size_t features_of_tap = 0;  ///< before it was cut; see TapMoments
  Precision precision = Precision::exact;
  std::size_t constant_features = 0;  ///< dead neurons: no variance, or below 1e-290
  std::size_t rank = 0;               ///< of the correlation matrix, see whiten()
  std::size_t svcca_kept = 0;
  double effective_rank = 0;  ///< (Σλ)² / Σλ² of the covariance
  /// λmax/λmin of the correlation matrix over the directions kept; 0 where there are none.
  double condition = 0;
};

/// What the solve learns of one pair; x is the trained network's side.
struct PairSolution {
  std::size_t x = 0;  ///< indices into PanelSolution::taps
  std::size_t y = 0;
  bool present = false;
  bool converged = false;
  /// min(rank_x, rank_y) canonical correlations in [0, 1], descending.
  std::vector<double> canonical_correlations;
  /// Projection weights α of each canonical direction, summing to 1 (Morcos et al. 2018, eq. 2).
  std::vector<double> weights_x;
  std::vector<double> weights_y;
  /// Canonical correlations of the two truncated sides; empty without SVCCA.
  std::vector<double> svcca_correlations;
  double linear_cka = 0;
  /// In [−1, 1], around 0 for independent data. Empty without norm sums in the moments, with fewer
  /// than 4 samples, or where a side has no unbiased similarity to itself.
  std::optional<double> linear_cka_debiased;
  /// Fast if any product in it was.
  Precision precision = Precision::exact;
};

struct PanelSolution {
  std::vector<TapSolution> taps;
  std::vector<PairSolution> pairs;
};

/// Eigenvalues of a features × features correlation matrix below this share of the largest are
/// rounding of its products: 8·features·ε, ε that of float64 or, with Precision::fast, of float32.
LIVECCA_EXPORT double rank_tolerance(std::size_t features, Precision precision);

/// Solves a window: whitens every tap once (one parallel loop), then one small SVD a pair
/// (another).
///
/// Whitening divides each neuron by its standard deviation, keeps the eigen-directions of the
/// correlation matrix with λ > rank_tolerance() · λmax, and never inverts the rest; neurons of zero
/// variance leave and are counted. Cost: about 9·d³ flops a tap and 20·d³ a pair. Needs ≥ 2 samples
/// to have a rank. Runs on the solve lane; nothing non-finite reaches a decomposition.
///
/// Source: measures as in Raghu et al. 2017 (arXiv:1706.05806), Morcos et al. 2018
/// (arXiv:1806.05759), Kornblith et al. 2019 (arXiv:1905.00414), Song et al. 2012 (debiased CKA).
///
/// Throws Error on impossible options. Thread safety: may be called from many threads.
LIVECCA_EXPORT PanelSolution solve(const PanelMoments& moments, const SolveOptions& options,
                                   Executor& executor);

}  // namespace livecca
