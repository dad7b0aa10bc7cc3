#include "livecca/snapshot/solve.hpp"

#include <Eigen/Core>
#include <cmath>
#include <string>

#include "livecca/common/error.hpp"
#include "snapshot/debiased_cka.hpp"
#include "snapshot/decompositions.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

void expect_sane(const SolveOptions& options) {
  if (options.keep_variance > 0 && options.keep_variance <= 1) return;
  throw Error("solve: expected keep_variance above 0 and at most 1, got " +
              std::to_string(options.keep_variance));
}

std::vector<double> to_correlations(const VectorXd& singular_values) {
  std::vector<double> result(static_cast<std::size_t>(singular_values.size()));
  VectorXd::Map(result.data(), singular_values.size()) =
      singular_values.cwiseMax(0.0).cwiseMin(1.0);
  return result;
}

/// α_i ∝ Σ_j |⟨h_i, x_j⟩| from second moments: the column sums of |S W U|.
bool projection_weights(const MatrixXd& loadings, const MatrixXd& directions,
                        std::vector<double>& weights) {
  const Eigen::RowVectorXd sums = (loadings * directions).cwiseAbs().colwise().sum();
  const double total = sums.sum();
  if (!(total > 0) || !std::isfinite(total)) return false;
  weights.resize(static_cast<std::size_t>(sums.size()));
  Eigen::RowVectorXd::Map(weights.data(), sums.size()) = sums / total;
  return true;
}

/// ‖Sxy‖²_F / (‖Sxx‖_F ‖Syy‖_F), divided before it is squared so that scales of 1e150 pass.
double linear_cka(double cross_norm, const WhitenedTap& x, const WhitenedTap& y) {
  const double root = cross_norm / std::sqrt(x.covariance_norm) / std::sqrt(y.covariance_norm);
  return std::min(1.0, root * root);
}

bool solve_cca(const MatrixXd& cross, const WhitenedTap& x, const WhitenedTap& y,
               PairSolution& pair) {
  const MatrixXd whitened = x.whitening.transpose() * cross * y.whitening;
  if (!whitened.allFinite()) return false;
  const SingularValues svd = singular_values(whitened, true);
  if (!svd.converged) return false;
  pair.canonical_correlations = to_correlations(svd.values);
  return projection_weights(x.loadings, svd.left, pair.weights_x) &&
         projection_weights(y.loadings, svd.right, pair.weights_y);
}

bool solve_svcca(const MatrixXd& cross, const WhitenedTap& x, const WhitenedTap& y,
                 PairSolution& pair) {
  const MatrixXd whitened = x.truncated.transpose() * cross * y.truncated;
  if (!whitened.allFinite()) return false;
  const SingularValues svd = singular_values(whitened, false);
  if (!svd.converged) return false;
  pair.svcca_correlations = to_correlations(svd.values);
  return true;
}

PairSolution solve_pair(const PanelMoments& panel, const PairMoments& pair_moments,
                        const WhitenedTap& x, const WhitenedTap& y, bool svcca) {
  PairSolution pair;
  pair.x = pair_moments.x;
  pair.y = pair_moments.y;
  // A pair that missed steps of its taps does not describe the same rows.
  if (!pair_moments.moments || !x.facts.present || !y.facts.present ||
      pair_moments.moments->samples() != x.facts.samples ||
      pair_moments.moments->samples() != y.facts.samples) {
    return pair;
  }
  pair.present = true;
  pair.precision =
      worse(pair_moments.moments->precision(), worse(x.facts.precision, y.facts.precision));
  if (!x.facts.converged || !y.facts.converged) return pair;
  if (x.facts.rank == 0 || y.facts.rank == 0) {
    pair.converged = true;
    return pair;
  }
  const CrossMoments& moments = *pair_moments.moments;
  const MatrixXd cross =
      Eigen::Map<const MatrixXd>(moments.product().data(), static_cast<Index>(moments.features_x()),
                                 static_cast<Index>(moments.features_y())) /
      moments.weights().covariance_divisor();
  if (!cross.allFinite()) return pair;
  pair.linear_cka = linear_cka(cross.stableNorm(), x, y);
  pair.linear_cka_debiased =
      debiased_cka(*panel.taps[pair.x].moments, *panel.taps[pair.y].moments, moments);
  pair.converged = solve_cca(cross, x, y, pair) && (!svcca || solve_svcca(cross, x, y, pair));
  return pair;
}

}  // namespace

PanelSolution solve(const PanelMoments& moments, const SolveOptions& options, Executor& executor) {
  expect_sane(options);
  std::vector<WhitenedTap> taps(moments.taps.size());
  executor.parallel_for(Lane::solve, taps.size(),
                        [&](std::size_t i) { taps[i] = whiten(moments.taps[i], options); });
  PanelSolution solution;
  solution.pairs.resize(moments.pairs.size());
  executor.parallel_for(Lane::solve, moments.pairs.size(), [&](std::size_t i) {
    const PairMoments& pair = moments.pairs[i];
    solution.pairs[i] = solve_pair(moments, pair, taps[pair.x], taps[pair.y], options.svcca);
  });
  for (const WhitenedTap& tap : taps) solution.taps.push_back(tap.facts);
  return solution;
}

}  // namespace livecca
