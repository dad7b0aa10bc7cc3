#pragma once

#include <Eigen/Core>

#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"

namespace livecca {

/// What the pairs of a tap share: computed once, read by many tasks. S is the tap's covariance.
struct WhitenedTap {
  TapSolution facts;
  Eigen::MatrixXd whitening;   ///< features × rank: Wᵀ S W = I, in the neurons' own units
  Eigen::MatrixXd loadings;    ///< features × rank: S W; its columns weigh PWCCA's directions
  Eigen::MatrixXd truncated;   ///< features × svcca_kept: whitens SVCCA's leading directions
  double covariance_norm = 0;  ///< ‖S‖_F
};

/// Whitens one tap. Where S is not finite or a decomposition fails, facts.converged is false and
/// the matrices are empty.
WhitenedTap whiten(const TapMoments& tap, const SolveOptions& options);

}  // namespace livecca
