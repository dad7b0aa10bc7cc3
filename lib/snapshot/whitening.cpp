#include "snapshot/whitening.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "snapshot/decompositions.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Below this a variance loses digits to the end of float64's range: a neuron that varies by less
// than 1e-145 counts as constant.
constexpr double smallest_variance = 1e-290;

MatrixXd covariance_of(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  const MatrixXd full = scatter.selfadjointView<Eigen::Lower>();
  return full / moments.weights().covariance_divisor();
}

/// How many leading eigenvalues (descending) stand for directions of the data; n rows span at most
/// n − 1.
Index rank_of(const VectorXd& eigenvalues, const TapSolution& facts) {
  const std::uint64_t samples = facts.samples;
  const double smallest =
      rank_tolerance(static_cast<std::size_t>(eigenvalues.size()), facts.precision) *
      eigenvalues(0);
  Index rank = 0;
  while (rank < eigenvalues.size() && eigenvalues(rank) > smallest) ++rank;
  return std::min(rank, static_cast<Index>(std::min<std::uint64_t>(
                            samples - 1, static_cast<std::uint64_t>(eigenvalues.size()))));
}

/// The fewest leading directions that reach the share of variance, or the number asked for.
Index directions_to_keep(const VectorXd& eigenvalues, Index rank, const SolveOptions& options) {
  if (options.keep_directions > 0) {
    return std::min(rank, static_cast<Index>(
                              std::min(options.keep_directions, static_cast<std::size_t>(rank))));
  }
  const double enough = options.keep_variance * eigenvalues.cwiseMax(0.0).sum();
  double sum = 0;
  for (Index kept = 0; kept < rank; ++kept) {
    sum += eigenvalues(kept);
    if (sum >= enough) return kept + 1;
  }
  return rank;
}

/// Equilibrates, so that neuron scales from 1e-8 to 1e8 do not hide one another, and whitens the
/// correlation matrix.
bool whiten_equilibrated(const MatrixXd& covariance, const std::vector<Index>& varying,
                         WhitenedTap& tap) {
  const VectorXd deviation = covariance.diagonal()(varying).cwiseSqrt();
  const VectorXd inverse = deviation.cwiseInverse();
  MatrixXd correlation = inverse.asDiagonal() * covariance(varying, varying) * inverse.asDiagonal();
  correlation.diagonal().setOnes();
  const SymmetricEigen eigen = symmetric_eigen(correlation);
  if (!eigen.converged) return false;
  const Index rank = rank_of(eigen.values, tap.facts);
  const VectorXd root = eigen.values.head(rank).cwiseSqrt();
  const MatrixXd directions = eigen.vectors.leftCols(rank);
  tap.whitening = MatrixXd::Zero(covariance.rows(), rank);
  tap.loadings = MatrixXd::Zero(covariance.rows(), rank);
  tap.whitening(varying, Eigen::all) =
      inverse.asDiagonal() * directions * root.cwiseInverse().asDiagonal();
  tap.loadings(varying, Eigen::all) = deviation.asDiagonal() * directions * root.asDiagonal();
  tap.facts.rank = static_cast<std::size_t>(rank);
  tap.facts.condition = eigen.values(0) / eigen.values(rank - 1);
  return true;
}

/// SVCCA's side: the leading directions of the covariance itself, since it is variance in the
/// neurons' own units that SVCCA keeps (Raghu et al. 2017, section 2.1).
bool truncate(const MatrixXd& covariance, const SolveOptions& options, WhitenedTap& tap) {
  const SymmetricEigen eigen = symmetric_eigen(covariance);
  if (!eigen.converged) return false;
  const Index rank = rank_of(eigen.values, tap.facts);
  const Index kept = directions_to_keep(eigen.values, rank, options);
  tap.truncated = eigen.vectors.leftCols(kept) *
                  eigen.values.head(kept).cwiseSqrt().cwiseInverse().asDiagonal();
  tap.facts.svcca_kept = static_cast<std::size_t>(kept);
  return true;
}

std::vector<Index> varying_features(const MatrixXd& covariance) {
  std::vector<Index> varying;
  for (Index j = 0; j < covariance.rows(); ++j) {
    if (covariance(j, j) > smallest_variance) varying.push_back(j);
  }
  return varying;
}

}  // namespace

double rank_tolerance(std::size_t features, Precision precision) {
  const double epsilon = precision == Precision::exact
                             ? std::numeric_limits<double>::epsilon()
                             : static_cast<double>(std::numeric_limits<float>::epsilon());
  return 8.0 * static_cast<double>(features) * epsilon;
}

WhitenedTap whiten(const TapMoments& tap_moments, const SolveOptions& options) {
  WhitenedTap tap;
  tap.facts.samples_left_out = tap_moments.samples_left_out;
  if (!tap_moments.moments) return tap;
  const Moments& moments = *tap_moments.moments;
  TapSolution& facts = tap.facts;
  facts.present = true;
  facts.samples = moments.samples();
  facts.effective_samples = moments.weights().effective_images();
  facts.features = moments.features();
  facts.features_of_tap = std::max(tap_moments.features_of_tap, facts.features);
  facts.precision = moments.precision();
  if (facts.samples < 2) return tap;

  const MatrixXd covariance = covariance_of(moments);
  if (!covariance.allFinite()) return tap;
  const std::vector<Index> varying = varying_features(covariance);
  facts.constant_features = facts.features - varying.size();
  if (varying.empty()) {
    facts.converged = true;
    return tap;
  }
  tap.covariance_norm = covariance.stableNorm();
  const double trace_share = covariance.trace() / tap.covariance_norm;
  facts.effective_rank = trace_share * trace_share;
  facts.converged = whiten_equilibrated(covariance, varying, tap) &&
                    (!options.svcca || truncate(covariance, options, tap));
  return tap;
}

}  // namespace livecca
