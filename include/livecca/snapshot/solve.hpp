#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/quantities.hpp"

namespace livecca {

struct SolveOptions {
  /// SVCCA keeps the fewest leading directions that hold this share of a side's variance, (0, 1].
  double keep_variance = 0.99;
  /// Or this many, if not 0; at most the side's rank.
  std::size_t keep_directions = 0;
  /// α of partial whitening, [0, 1]: 1 is Procrustes, 0 is CCA.
  double partial_whitening_alpha = 0.5;
  /// What is computed; the rest of a solution stays empty.
  Quantities quantities = Quantities::all();

  friend bool operator==(const SolveOptions&, const SolveOptions&) = default;
};

/// How a tap was whitened.
enum class Whitening : std::uint8_t {
  none,      ///< not asked for, or nothing varies
  cholesky,  ///< full rank and well conditioned, by the factor's own estimate
  eigen,     ///< everything else: directions that are rounding leave
};
/// "none", "cholesky" or "eigen"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Whitening whitening);

/// How a pair's canonical correlations were found.
enum class SpectrumMethod : std::uint8_t {
  none,  ///< not asked for
  gram,  ///< eigenvalues of T Tᵀ: half the cost, but 2e-12 is all that is left at ρ = 1e-4
  svd,   ///< where vectors are asked for, or some ρ are below 1e-4
};
/// "none", "gram" or "svd"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(SpectrumMethod spectrum);

/// What the solve learns of one tap.
struct TapSolution {
  bool present = false;    ///< false: never fed, or left the panel
  bool converged = false;  ///< false also where moments overflowed
  std::uint64_t samples = 0;
  /// Images behind the samples, or their effective number where rows weigh differently.
  double effective_samples = 0;
  /// The same for rows: differs from effective_samples where an image gives several.
  double effective_rows = 0;
  std::uint64_t samples_left_out = 0;
  std::size_t features = 0;
  std::size_t features_of_tap = 0;  ///< before it was cut; see TapMoments
  std::uint64_t feature_seed = 0;   ///< of the choice it was cut to
  Precision precision = Precision::exact;
  /// Dead neurons: no variance, below 1e-290, or no more than 16 times what the rounding of their
  /// values accounts for.
  std::size_t constant_features = 0;
  /// Of the correlation matrix; empty if nothing that was asked for needs it.
  std::optional<std::size_t> rank;
  std::size_t svcca_kept = 0;
  double total_variance = 0;  ///< tr S
  double total_scatter = 0;   ///< the same before the division by n − 1: the sum of squares
  double effective_rank = 0;  ///< (Σλ)² / Σλ² of the covariance
  /// λmax/λmin of the correlation matrix over the directions kept; empty if not asked for, or where
  /// there are none.
  std::optional<double> condition;
  Whitening whitening = Whitening::none;
};

/// What the solve learns of one pair; x is the trained network's side. What was not asked for is
/// empty, and so is everything where a side does not vary.
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
  /// Σ ρ², which needs no decomposition of the pair.
  std::optional<double> squared_correlation_sum;
  /// Canonical correlations of the two truncated sides.
  std::vector<double> svcca_correlations;
  std::optional<double> linear_cka;
  /// From unbiased estimates, in [−1, 1]. Empty without norm sums in the moments, with fewer than 4
  /// samples, or where a side has no unbiased similarity to itself.
  std::optional<double> linear_cka_debiased;
  /// CKA without the diagonals, and what permuted rows score; as linear_cka_debiased otherwise.
  std::optional<double> rv2;
  std::optional<double> rv2_floor;
  /// ‖Sxy‖_* / √(tr Sxx · tr Syy), in [0, 1]: the cosine of the angular shape distance.
  std::optional<double> shape_cosine;
  /// The same between the partly whitened sides.
  std::optional<double> partial_whitening_cosine;
  /// Procrustes distance √((n − 1)(tr Sxx + tr Syy − 2‖Sxy‖_*)), in the activations' unit.
  std::optional<double> procrustes;
  /// tr(Sxy Syy⁻¹ Syx) / tr Sxx, and with the sides swapped.
  std::optional<double> regression_x_from_y;
  std::optional<double> regression_y_from_x;
  SpectrumMethod spectrum = SpectrumMethod::none;
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

/// Solves a window: whitens every tap once (one parallel loop), then one small problem a pair
/// (another).
///
/// Whitening divides each neuron by its standard deviation; neurons that do not vary, or by no more
/// than rounding, leave and are counted. If the correlation matrix has a Cholesky factor that
/// estimates its condition below 1e5 (and well below what the precision can tell from rank
/// deficient), the factor whitens. Otherwise the eigen-directions with λ > rank_tolerance() · λmax
/// and above 16 times the rounding of the values in them (Moments::roundoff()) are kept, and the
/// rest is never inverted. Costs: see Quantities; the norms for CKA and regression are free or
/// 2·d³. Needs ≥ 2 samples to have a rank. Runs on the solve lane; nothing non-finite reaches a
/// decomposition.
///
/// Source: measures as in Raghu et al. 2017 (arXiv:1706.05806), Morcos et al. 2018
/// (arXiv:1806.05759), Kornblith et al. 2019 (arXiv:1905.00414), Song et al. 2012 (debiased CKA),
/// Williams et al. 2021 (arXiv:2110.14739, shape distances).
///
/// Throws Error on impossible options. Thread safety: may be called from many threads.
LIVECCA_EXPORT PanelSolution solve(const PanelMoments& moments, const SolveOptions& options,
                                   Executor& executor);

}  // namespace livecca
