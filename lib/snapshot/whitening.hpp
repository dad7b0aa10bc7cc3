#pragma once

#include <Eigen/Core>
#include <memory>

#include "livecca/moments/panel_moments.hpp"
#include "livecca/snapshot/solve.hpp"
#include "snapshot/dense/tasks.hpp"

namespace livecca {

struct PositionSample;

/// What the pairs of a tap share: computed once, read by many tasks. S is the tap's covariance; of
/// a complex tap (one frequency of a Fourier layer) it is the real form of its Hermitian
/// covariance, see real_form(), and every direction comes twice.
struct WhitenedTap {
  TapSolution facts;
  bool is_complex = false;
  Eigen::MatrixXd whitening;  ///< features × rank: Wᵀ S W = I, in the neurons' own units
  Eigen::MatrixXd loadings;   ///< features × rank: S W; its columns weigh PWCCA's directions
  /// From a Cholesky factor: the whitening is upper triangular, and the loadings are lower.
  bool is_triangular = false;
  Eigen::MatrixXd principal;  ///< features × svcca_kept: whitens SVCCA's leading directions
  Eigen::MatrixXd partial;  ///< features × directions: V (α + (1 − α) λ^-½), of the covariance
  /// features × directions: V λ^½, of the covariance. Where positions can be sampled and shapes are
  /// asked for.
  Eigen::MatrixXd variance_root;
  double partial_variance = 0;  ///< tr(Z S Z), Z the partial whitening
  double covariance_norm = 0;   ///< ‖S‖_F
  double scatter_norm = 0;      ///< see scatter_norm(); not of a complex tap
  double covariance_trace = 0;
  /// See sample_positions().
  std::shared_ptr<const PositionSample> positions;

  /// Directions of the data that the real form's stand for: half of them where it is complex.
  std::size_t count(Eigen::Index directions) const {
    return static_cast<std::size_t>(is_complex ? directions / 2 : directions);
  }
};

/// Whitens one tap as far as the options ask. Where S is not finite or a decomposition fails,
/// facts.converged is false and the matrices are empty.
WhitenedTap whiten(const TapMoments& tap, const SolveOptions& options, const Tasks& tasks);

}  // namespace livecca
