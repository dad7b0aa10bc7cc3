#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/position_chance.hpp"
#include "livecca/snapshot/quantities.hpp"

namespace livecca {

struct SolveOptions {
  /// SVCCA keeps the fewest leading directions that hold this share of a side's variance, in (0,
  /// 1].
  double keep_variance = 0.99;
  /// If not 0, SVCCA keeps this many directions instead, but not more than the side's rank.
  std::size_t keep_directions = 0;
  /// α of partial whitening, in [0, 1]: 1 is the angular distance, 0 is CCA.
  double partial_whitening_alpha = 0.5;
  /// The quantities to compute. The other fields of a solution stay empty.
  Quantities quantities = Quantities::all();

  friend bool operator==(const SolveOptions&, const SolveOptions&) = default;
};

/// How a tap was whitened.
enum class Whitening : std::uint8_t {
  none,      ///< not asked for, or nothing varies
  cholesky,  ///< full rank and well conditioned, as estimated from the factor
  eigen,     ///< everything else; directions that are only rounding are left out
};
/// "none", "cholesky" or "eigen"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Whitening whitening);

/// How a pair's canonical correlations were found. From 48 directions on without vectors, both are
/// singular values by squares, exact to a few ε, and the smallest ρ gives the name.
enum class SpectrumMethod : std::uint8_t {
  none,  ///< not asked for
  gram,  ///< eigenvalues of T Tᵀ: an error of at most 2e-12 at ρ = 1e-4
  svd,   ///< an error of a few ε: used if vectors are needed or some ρ are below 1e-4
};
/// "none", "gram" or "svd"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(SpectrumMethod spectrum);

/// What the solve finds out about one tap.
struct TapSolution {
  bool present = false;    ///< false: the tap was never fed, or left the panel
  bool converged = false;  ///< also false if the moments overflowed
  std::uint64_t samples = 0;
  /// The number of different images, or their effective number if rows have different weights.
  double effective_samples = 0;
  /// The number of rows, or their effective number. It differs from effective_samples if an image
  /// gives several rows.
  double effective_rows = 0;
  std::uint64_t samples_left_out = 0;
  std::size_t features = 0;
  std::size_t features_of_tap = 0;  ///< before a wide tap was cut; see TapMoments
  std::uint64_t feature_seed = 0;   ///< of the features kept
  Precision precision = Precision::exact;
  /// The number of dead neurons. A neuron is dead if its variance is 0, is below 1e-290, or is at
  /// most 16 times the variance that the rounding of its values explains.
  std::size_t constant_features = 0;
  /// The rank of the correlation matrix; empty if no quantity needs it.
  std::optional<std::size_t> rank;
  std::size_t svcca_kept = 0;
  double total_variance = 0;  ///< tr S
  double total_scatter = 0;   ///< the sum of squares: tr S · (n − 1)
  double effective_rank = 0;  ///< (Σλ)² / Σλ² of the covariance
  /// λ / Σλ of the covariance, descending, without directions that are only rounding; empty unless
  /// Quantities::nuclear_norm was asked for.
  std::vector<double> variance_shares;
  /// The same of the partly whitened side; empty unless Quantities::partial_whitening was.
  std::vector<double> partial_shares;
  /// λmax/λmin of the correlation matrix, over the directions kept; empty if not asked for or if no
  /// direction is kept.
  std::optional<double> condition;
  Whitening whitening = Whitening::none;
  /// Features are complex numbers: coefficients of a frequency that is not its own conjugate.
  bool is_complex = false;
};

/// What the solve finds out about one pair; x is the trained network's side. Quantities that were
/// not asked for are empty. If a side does not vary, everything is empty.
struct PairSolution {
  std::size_t x = 0;  ///< indices into PanelSolution::taps
  std::size_t y = 0;
  bool present = false;
  bool converged = false;
  /// min(rank_x, rank_y) canonical correlations in [0, 1], descending.
  std::vector<double> canonical_correlations;
  /// The projection weight α of each canonical direction; their sum is 1 (Morcos et al. 2018, eq.
  /// 2).
  std::vector<double> weights_x;
  std::vector<double> weights_y;
  /// Σ ρ². It needs no decomposition of the pair.
  std::optional<double> squared_correlation_sum;
  /// Canonical correlations between the directions that SVCCA keeps.
  std::vector<double> svcca_correlations;
  std::optional<double> linear_cka;
  /// CKA from unbiased estimates, in [−1, 1]. Empty if the moments have no norm sums, if there are
  /// fewer than 4 samples, or if the unbiased similarity of a side to itself is 0 up to rounding:
  /// so it is if all points are equally far from each other (one-hot vectors, a simplex) or
  /// orthogonal. Also empty at scales at which the sums of fourth powers leave float64, below 1e-75
  /// or above 1e75.
  std::optional<double> linear_cka_debiased;
  /// rv2 is CKA without the diagonals; rv2_floor is its score for permuted rows. Both are empty if
  /// the moments have no norm sums, if there are fewer than 4 samples, if a Gram matrix has nothing
  /// but rounding beside its diagonal, and at the same scales.
  std::optional<double> rv2;
  std::optional<double> rv2_floor;
  /// ‖Sxy‖_* / √(tr Sxx · tr Syy), in [0, 1]: the cosine of the angular shape distance.
  std::optional<double> shape_cosine;
  /// 1 − shape_cosine. For nearly equal sides it has the digits that the cosine has lost, if the
  /// moments know CrossMoments::squared_difference().
  std::optional<double> shape_gap;
  /// The same cosine between the partly whitened sides.
  std::optional<double> partial_whitening_cosine;
  /// Procrustes distance √((n − 1)(tr Sxx + tr Syy − 2‖Sxy‖_*)), in the activations' unit.
  std::optional<double> procrustes;
  /// tr(Sxy Syy⁻¹ Syx) / tr Sxx, and with the sides swapped.
  std::optional<double> regression_x_from_y;
  std::optional<double> regression_y_from_x;
  /// Empty if an image gives one row, or if the rows of a side could not be read again, see
  /// TapMoments::images_again.
  std::optional<PositionChance> positions;
  SpectrumMethod spectrum = SpectrumMethod::none;
  /// Fast if any of its products was fast.
  Precision precision = Precision::exact;
};

struct PanelSolution {
  std::vector<TapSolution> taps;
  std::vector<PairSolution> pairs;
  /// The share of the images that differ, see DifferentImages. Effective samples count only these.
  double different_share = 1;
};

/// 8·features·ε. ε is that of float64, or that of float32 for Precision::fast. Eigenvalues of a
/// features × features correlation matrix are rounding errors if they are below this share of the
/// largest one.
LIVECCA_EXPORT double rank_tolerance(std::size_t features, Precision precision);

/// Solves a window. One parallel loop whitens every tap once; another solves one problem per pair.
/// Wide ones of which there are fewer than threads run one after the other, each on all threads.
///
/// Whitening divides each neuron by its standard deviation. Neurons that do not vary, or only by
/// rounding, are left out and counted. If the correlation matrix has a Cholesky factor, the factor
/// gives an estimate of the condition number. The factor whitens if this estimate is below 1e5 and
/// the matrix is clearly of full rank at this precision. Otherwise the eigenvectors whiten. They
/// keep a direction only if its λ is above rank_tolerance() · λmax and also above 16 times the
/// rounding of the values (Moments::roundoff()). The other directions are never inverted.
///
/// A rank needs at least 2 samples. Runs on the solve lane. No non-finite number reaches a
/// decomposition. Costs: see Quantities; the norms for CKA cost nothing.
///
/// Sources: Raghu et al. 2017 (arXiv:1706.05806), Morcos et al. 2018
/// (arXiv:1806.05759), Kornblith et al. 2019 (arXiv:1905.00414), Song et al. 2012 (debiased CKA),
/// Williams et al. 2021 (arXiv:2110.14739, shape distances).
///
/// Throws Error on impossible options. Thread safety: may be called from many threads, but not for
/// moments of one TapMoments::images_again at a time.
LIVECCA_EXPORT PanelSolution solve(const PanelMoments& moments, const SolveOptions& options,
                                   Executor& executor);

}  // namespace livecca
