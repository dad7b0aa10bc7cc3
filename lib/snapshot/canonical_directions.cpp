#include "livecca/snapshot/canonical_directions.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <string>

#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "snapshot/covariance.hpp"
#include "snapshot/decompositions.hpp"
#include "snapshot/whitening.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

DirectionsOfSide side_of(const TapMoments& tap, const ShiftedMean& mean,
                         const MatrixXd& coefficients) {
  DirectionsOfSide side;
  const auto features = static_cast<std::size_t>(coefficients.rows());
  side.features_of_tap = std::max(tap.features_of_tap, features);
  choose_features(side.features_of_tap, features, tap.feature_seed, side.neurons);
  side.coefficients.assign(coefficients.data(), coefficients.data() + coefficients.size());
  side.mean = mean;
  return side;
}

bool is_whole(const PairMoments& pair, const WhitenedTap& x, const WhitenedTap& y) {
  return pair.moments && x.facts.converged && y.facts.converged && x.facts.rank.value_or(0) > 0 &&
         y.facts.rank.value_or(0) > 0 && pair.moments->samples() == x.facts.samples &&
         pair.moments->samples() == y.facts.samples;
}

}  // namespace

CanonicalDirections canonical_directions(const PanelMoments& moments, std::size_t pair_index,
                                         std::size_t count) {
  if (pair_index >= moments.pairs.size()) {
    throw Error("canonical directions: expected a pair below " +
                std::to_string(moments.pairs.size()) + ", got " + std::to_string(pair_index));
  }
  const PairMoments& pair = moments.pairs[pair_index];
  if (moments.taps[pair.x].frequency || moments.taps[pair.y].frequency) {
    throw Error("canonical directions: expected a pair of neurons, got one at a frequency");
  }
  SolveOptions options;
  options.quantities = {.whitening = true};
  const WhitenedTap x = whiten(moments.taps[pair.x], options, Tasks());
  const WhitenedTap y = whiten(moments.taps[pair.y], options, Tasks());
  CanonicalDirections result;
  if (!is_whole(pair, x, y)) return result;
  const MatrixXd whitened = x.whitening.transpose() * covariance_of(*pair.moments) * y.whitening;
  if (!whitened.allFinite()) return result;
  const SingularValues svd = singular_values(whitened, Vectors::both, Tasks());
  if (!svd.converged) return result;
  const auto kept =
      static_cast<Index>(std::min(count, static_cast<std::size_t>(svd.values.size())));
  for (Index i = 0; i < kept; ++i) result.correlations.push_back(std::clamp(svd.values(i), 0., 1.));
  result.x =
      side_of(moments.taps[pair.x], pair.moments->mean_x(), x.whitening * svd.left.leftCols(kept));
  result.y =
      side_of(moments.taps[pair.y], pair.moments->mean_y(), y.whitening * svd.right.leftCols(kept));
  return result;
}

std::vector<double> project(const DirectionsOfSide& side, const ActivationView& activations) {
  const std::size_t neurons = side.neurons.size();
  if (activations.rank() != 2 ||
      static_cast<std::size_t>(activations.shape()[1]) != side.features_of_tap || neurons == 0) {
    throw Error("canonical directions: expected samples x " + std::to_string(side.features_of_tap) +
                " activations of directions that there are");
  }
  PackedRows rows;
  const bool all = neurons == side.features_of_tap;
  const auto packed = rows.pack(activations, Layout::nc, Positions::all(), 0,
                                all ? std::span<const std::size_t>() : side.neurons);
  if (!packed) throw Error("canonical directions: " + packed.why());
  const auto width = static_cast<Index>(neurons);
  const auto directions = static_cast<Index>(side.coefficients.size() / neurons);
  const Eigen::Map<const MatrixXd> coefficients(side.coefficients.data(), width, directions);
  const Eigen::Map<const Eigen::RowVectorXd> origin(side.mean.origin.data(), width);
  const Eigen::Map<const Eigen::RowVectorXd> offset(side.mean.offset.data(), width);
  std::vector<double> result(rows.rows() * static_cast<std::size_t>(directions));
  std::vector<double> sample(neurons);
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    rows.read(i, 1, sample);
    Eigen::RowVectorXd::Map(result.data() + i * static_cast<std::size_t>(directions), directions) =
        (Eigen::RowVectorXd::Map(sample.data(), width) - origin - offset) * coefficients;
    if (rows.finite()[i] == 0) {
      std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(i) * directions, directions,
                  std::numeric_limits<double>::quiet_NaN());
    }
  }
  return result;
}

}  // namespace livecca
