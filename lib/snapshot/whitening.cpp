#include "snapshot/whitening.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "moments/variance_floor.hpp"
#include "snapshot/covariance.hpp"
#include "snapshot/decompositions.hpp"
#include "snapshot/dense/cholesky.hpp"
#include "snapshot/dense/entries.hpp"
#include "snapshot/position_sample.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// A Cholesky factor loses ε · condition of the ρ: 1e-11 here.
constexpr double smallest_reciprocal_condition = 1e-5;
// The factor estimates the condition; it may be this much worse.
constexpr double estimate_margin = 10;

double tolerance_of(Index features, const WhitenedTap& tap) {
  return rank_tolerance(tap.count(features), tap.facts.precision);
}

/// n rows span at most n − 1 directions, in the real form of a complex tap twice as many.
Index most_directions(Index features, const WhitenedTap& tap) {
  const std::uint64_t spanned = (tap.facts.samples - 1) * (tap.is_complex ? 2 : 1);
  return static_cast<Index>(std::min(spanned, static_cast<std::uint64_t>(features)));
}

/// What each neuron's variance owes to the rounding of its values to their type, which is
/// uniform over ± roundoff · value: roundoff² · mean square / 3.
VectorXd rounding_variance(const Moments& moments, VectorXd squares) {
  for (Index j = 0; j < squares.size(); ++j) {
    const double mean = moments.mean().value(static_cast<std::size_t>(j));
    squares(j) += mean * mean;
  }
  return moments.roundoff() * moments.roundoff() / 3 * squares;
}

VectorXd variances_of(const Moments& moments) {
  const auto features = static_cast<Index>(moments.features());
  const Eigen::Map<const MatrixXd> scatter(moments.scatter().data(), features, features);
  return scatter.diagonal() / moments.weights().covariance_divisor();
}

/// Of a complex feature it is that of both parts.
VectorXd in_real_form(const VectorXd& variance) {
  const Index half = variance.size() / 2;
  const VectorXd sum = variance.head(half) + variance.tail(half);
  VectorXd result(variance.size());
  result << sum, sum;
  return result;
}

/// Which eigen-directions (of descending eigenvalues) are of the data: neither rounding of the
/// products nor of the values themselves, such as the last direction of probabilities, which sum to
/// 1 but for rounding. Complex ones come in pairs, which rounding must not part.
std::vector<Index> directions_of(const SymmetricEigen& eigen, const VectorXd& rounding,
                                 const Tasks& tasks, const WhitenedTap& tap) {
  VectorXd noise(eigen.values.size());
  tasks.for_columns(noise.size(), [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      noise(i) = eigen.vectors.col(i).cwiseAbs2().dot(rounding) * rounding_margin;
    }
  });
  const double smallest = tolerance_of(eigen.values.size(), tap) * eigen.values(0);
  const auto most = static_cast<std::size_t>(most_directions(eigen.values.size(), tap));
  const Index together = tap.is_complex ? 2 : 1;
  std::vector<Index> directions;
  for (Index i = 0; i < eigen.values.size() && directions.size() < most; i += together) {
    if (!(eigen.values(i) > std::max(smallest, noise(i)))) continue;
    for (Index k = i; k < i + together; ++k) directions.push_back(k);
  }
  return directions;
}

/// The fewest leading ones of some directions that reach the share of all variance, or the number
/// asked for.
std::vector<Index> directions_to_keep(const VectorXd& eigenvalues, std::vector<Index> directions,
                                      const SolveOptions& options, const WhitenedTap& tap) {
  const std::size_t together = tap.is_complex ? 2 : 1;
  std::size_t kept = directions.size();
  if (options.keep_directions > 0) {
    kept = std::min(options.keep_directions, kept / together) * together;
  } else {
    const double enough = options.keep_variance * eigenvalues.cwiseMax(0.0).sum();
    double sum = 0;
    for (std::size_t i = 0; i < directions.size(); ++i) {
      sum += eigenvalues(directions[i]);
      if (sum < enough) continue;
      kept = std::min(kept, (i / together + 1) * together);
      break;
    }
  }
  directions.resize(kept);
  return directions;
}

/// The covariance of the neurons that vary, each divided by its deviation, so that scales from 1e-8
/// to 1e8 do not hide one another.
struct Equilibrated {
  std::vector<Index> varying;
  VectorXd deviation;
  MatrixXd correlation;
  VectorXd rounding;  ///< see rounding_variance()
};

Equilibrated equilibrate(const MatrixXd& covariance, const VectorXd& rounding, const Tasks& tasks) {
  Equilibrated result;
  for (Index j = 0; j < covariance.rows(); ++j) {
    if (neuron_varies(covariance(j, j), rounding(j))) result.varying.push_back(j);
  }
  const auto& varying = result.varying;
  result.deviation = covariance.diagonal()(varying).cwiseSqrt();
  const VectorXd inverse = result.deviation.cwiseInverse();
  const auto features = static_cast<Index>(varying.size());
  result.correlation.resize(features, features);
  tasks.for_columns(features, [&](Index first, Index count) {
    for (Index j = first; j < first + count; ++j) {
      const auto column = covariance.col(varying[static_cast<std::size_t>(j)]);
      if (features == covariance.rows()) {
        result.correlation.col(j) = inverse(j) * column.cwiseProduct(inverse);
      } else {
        result.correlation.col(j) = inverse(j) * column(varying).cwiseProduct(inverse);
      }
    }
  });
  result.correlation.diagonal().setOnes();
  result.rounding = rounding(varying).cwiseProduct(inverse.cwiseAbs2());
  return result;
}

/// Takes a whitening of the equilibrated features into the neurons' own units.
void place(const Equilibrated& features, Index all_features, MatrixXd whitening, MatrixXd loadings,
           const Tasks& tasks, WhitenedTap& tap) {
  tap.facts.rank = tap.count(whitening.cols());
  scale_rows(whitening, features.deviation.cwiseInverse(), tasks);
  scale_rows(loadings, features.deviation, tasks);
  if (features.deviation.size() == all_features) {
    tap.whitening = std::move(whitening);
    tap.loadings = std::move(loadings);
    return;
  }
  tap.whitening = MatrixXd::Zero(all_features, whitening.cols());
  tap.loadings = MatrixXd::Zero(all_features, whitening.cols());
  tap.whitening(features.varying, Eigen::all) = whitening;
  tap.loadings(features.varying, Eigen::all) = loadings;
}

/// False, with nothing changed, where the factor does not exist or cannot vouch for full rank.
bool whiten_by_cholesky(const Equilibrated& features, Index all_features, const Tasks& tasks,
                        WhitenedTap& tap) {
  const Index d = features.correlation.rows();
  if (most_directions(d, tap) < d) return false;
  const double smallest =
      std::max({smallest_reciprocal_condition, estimate_margin * tolerance_of(d, tap),
                estimate_margin * rounding_margin * features.rounding.maxCoeff()});
  auto factor = cholesky(features.correlation, smallest, tasks);
  if (!factor || factor->inverse.size() == 0) return false;
  place(features, all_features, transposed(factor->inverse, tasks), std::move(factor->lower), tasks,
        tap);
  tap.is_triangular = d == all_features;
  tap.facts.whitening = Whitening::cholesky;
  return true;
}

bool whiten_by_eigen(const Equilibrated& features, Index all_features, const Tasks& tasks,
                     WhitenedTap& tap) {
  const SymmetricEigen eigen = symmetric_eigen(features.correlation, true, tasks);
  if (!eigen.converged) return false;
  const std::vector<Index> kept = directions_of(eigen, features.rounding, tasks, tap);
  const VectorXd root = eigen.values(kept).cwiseSqrt();
  place(features, all_features, scaled_columns(eigen.vectors, kept, root.cwiseInverse(), tasks),
        scaled_columns(eigen.vectors, kept, root, tasks), tasks, tap);
  tap.facts.whitening = Whitening::eigen;
  if (!kept.empty()) tap.facts.condition = eigen.values(kept.front()) / eigen.values(kept.back());
  return true;
}

bool whiten_equilibrated(const MatrixXd& covariance, const VectorXd& rounding,
                         const SolveOptions& options, const Tasks& tasks, WhitenedTap& tap) {
  const Equilibrated features = equilibrate(covariance, rounding, tasks);
  if (!whiten_by_cholesky(features, covariance.rows(), tasks, tap)) {
    return whiten_by_eigen(features, covariance.rows(), tasks, tap);
  }
  if (!options.quantities.condition) return true;
  const SymmetricEigen eigen = symmetric_eigen(features.correlation, false, tasks);
  if (!eigen.converged) return false;
  tap.facts.condition = eigen.values(0) / eigen.values(eigen.values.size() - 1);
  return true;
}

/// Variances as shares of their sum. Of a complex tap's pairs of equal ones it keeps one each.
std::vector<double> shares_of(const VectorXd& variances, const WhitenedTap& tap) {
  const double sum = variances.sum() / (tap.is_complex ? 2 : 1);
  std::vector<double> shares;
  for (Index i = 0; i < variances.size(); i += tap.is_complex ? 2 : 1) {
    shares.push_back(variances(i) / sum);
  }
  return shares;
}

/// Those of descending variances that are above this share of the largest, at most so many.
VectorXd above(const VectorXd& variances, double share, Index most, const WhitenedTap& tap) {
  Index kept = 0;
  while (kept < std::min(most, variances.size()) && variances(kept) > share * variances(0)) ++kept;
  if (tap.is_complex) kept -= kept % 2;  // they come in pairs
  return variances.head(kept);
}

/// The shares of the covariance's directions, but for those that are rounding of the products.
void find_variance_shares(const MatrixXd& covariance, const Tasks& tasks, WhitenedTap& tap) {
  const Index most = most_directions(covariance.rows(), tap);
  const VectorXd values = symmetric_eigen(covariance, false, tasks).values;
  tap.facts.variance_shares =
      shares_of(above(values, tolerance_of(covariance.rows(), tap), most, tap), tap);
}

/// The leading directions of the covariance itself: SVCCA keeps variance in the neurons' own units
/// (Raghu et al. 2017, section 2.1), and so does partial whitening.
bool find_principal_directions(const MatrixXd& covariance, const VectorXd& rounding,
                               const SolveOptions& options, bool needs_root, const Tasks& tasks,
                               WhitenedTap& tap) {
  const SymmetricEigen eigen = symmetric_eigen(covariance, true, tasks);
  if (!eigen.converged) return false;
  const std::vector<Index> all = directions_of(eigen, rounding, tasks, tap);
  if (options.quantities.nuclear_norm) {
    tap.facts.variance_shares = shares_of(eigen.values(all), tap);
  }
  if (needs_root) {
    tap.variance_root = scaled_columns(eigen.vectors, all, eigen.values(all).cwiseSqrt(), tasks);
  }
  if (options.quantities.svcca) {
    const std::vector<Index> kept = directions_to_keep(eigen.values, all, options, tap);
    tap.principal =
        scaled_columns(eigen.vectors, kept, eigen.values(kept).cwiseSqrt().cwiseInverse(), tasks);
    tap.facts.svcca_kept = tap.count(tap.principal.cols());
  }
  if (options.quantities.partial_whitening) {
    const double alpha = options.partial_whitening_alpha;
    const VectorXd root = eigen.values(all).cwiseSqrt();
    const VectorXd gain = alpha + (1 - alpha) * root.cwiseInverse().array();
    tap.partial = scaled_columns(eigen.vectors, all, gain, tasks);
    tap.partial_variance = gain.cwiseProduct(root).squaredNorm();
    tap.facts.partial_shares = shares_of(gain.cwiseProduct(root).cwiseAbs2(), tap);
  }
  return true;
}

void count_constant_features(const VectorXd& variances, const VectorXd& rounding,
                             WhitenedTap& tap) {
  Index constant = 0;
  for (Index j = 0; j < variances.size(); ++j) {
    constant += neuron_varies(variances(j), rounding(j)) ? 0 : 1;
  }
  tap.facts.constant_features = tap.count(constant);
}

TapSolution facts_of(const TapMoments& tap) {
  TapSolution facts;
  facts.samples_left_out = tap.samples_left_out;
  if (!tap.moments) return facts;
  facts.present = true;
  facts.samples = tap.moments->samples();
  facts.effective_samples = tap.moments->weights().effective_images();
  facts.effective_rows = tap.moments->weights().effective_rows();
  facts.features = tap.moments->features();
  facts.features_of_tap = std::max(tap.features_of_tap, facts.features);
  if (tap.frequency) {
    facts.features /= 2;
    facts.features_of_tap /= 2;
  }
  facts.feature_seed = tap.feature_seed;
  facts.precision = tap.moments->precision();
  return facts;
}

}  // namespace

double rank_tolerance(std::size_t features, Precision precision) {
  const double epsilon = precision == Precision::exact
                             ? std::numeric_limits<double>::epsilon()
                             : static_cast<double>(std::numeric_limits<float>::epsilon());
  return 8.0 * static_cast<double>(features) * epsilon;
}

WhitenedTap whiten(const TapMoments& tap_moments, const SolveOptions& options, const Tasks& tasks) {
  WhitenedTap tap;
  TapSolution& facts = tap.facts;
  facts = facts_of(tap_moments);
  tap.is_complex = tap_moments.frequency.has_value();
  // A frequency that is its own conjugate has no imaginary parts.
  facts.is_complex = tap.is_complex && tap_moments.frequency->multiplicity == 2;
  if (!facts.present || facts.samples < 2) return tap;
  const Moments& moments = *tap_moments.moments;
  tap.scatter_norm = scatter_norm(moments);
  tap.covariance_norm = tap.scatter_norm / moments.weights().covariance_divisor();
  if (!std::isfinite(tap.covariance_norm)) return tap;
  VectorXd variances = variances_of(moments);
  VectorXd rounding = rounding_variance(moments, variances);
  MatrixXd covariance;
  if (tap.is_complex || options.quantities.needs_matrices()) {
    covariance = covariance_of(moments, tasks);
  }
  if (tap.is_complex) {
    covariance = real_form(covariance);
    rounding = in_real_form(rounding);
    variances = covariance.diagonal();
    tap.covariance_norm = covariance.stableNorm();
  }
  count_constant_features(variances, rounding, tap);
  if (facts.constant_features == facts.features) {
    facts.converged = true;
    if (options.quantities.needs_whitening()) facts.rank = 0;
    return tap;
  }
  tap.covariance_trace = variances.sum();
  const double times = tap.is_complex ? 2 : 1;
  facts.total_variance = tap.covariance_trace / times;
  facts.total_scatter = facts.total_variance * moments.weights().covariance_divisor();
  const double trace_share = tap.covariance_trace / tap.covariance_norm;
  facts.effective_rank = trace_share * trace_share / times;
  const bool needs_root = options.quantities.nuclear_norm && has_positions(tap_moments);
  const bool needs_directions = options.quantities.needs_principal_directions() || needs_root;
  facts.converged = (!options.quantities.needs_whitening() ||
                     whiten_equilibrated(covariance, rounding, options, tasks, tap)) &&
                    (!needs_directions || find_principal_directions(covariance, rounding, options,
                                                                    needs_root, tasks, tap));
  if (options.quantities.nuclear_norm && !needs_directions) {
    find_variance_shares(covariance, tasks, tap);
  }
  return tap;
}

}  // namespace livecca
