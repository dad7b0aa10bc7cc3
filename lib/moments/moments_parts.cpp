#include "moments/moments_parts.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <string>

#include "livecca/common/error.hpp"
#include "moments/norm_sums.hpp"

namespace livecca {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

Eigen::Map<const VectorXd> as_vector(std::span<const double> values) {
  return {values.data(), static_cast<Index>(values.size())};
}

/// Adds the norm sums of `from`, both seen from the common mean. Needs both products as they were.
void merge_norms(MomentsParts& into, const MomentsParts& from, const std::vector<double>& delta_x,
                 const std::vector<double>& delta_y) {
  const double n = into.weights.sum;
  const double m = from.weights.sum;
  const auto scaled = [](const std::vector<double>& delta, double factor) {
    std::vector<double> result(delta);
    for (double& value : result) value *= factor;
    return result;
  };
  // Of nothing, the mean is the other's: `from` stays where it is.
  const double share = n > 0 ? m / (n + m) : 0;
  const double rest = n > 0 ? 1 - share : 0;
  NormScratch scratch;
  if (into.is_tap) {
    NormSums other = **from.norms;
    recenter(**into.norms, into.product, n, scaled(delta_x, -share), scratch);
    recenter(other, from.product, m, scaled(delta_x, rest), scratch);
    add(**into.norms, other);
  } else {
    CrossNormSums other = **from.cross_norms;
    recenter(**into.cross_norms, into.product, n, scaled(delta_x, -share), scaled(delta_y, -share),
             scratch);
    recenter(other, from.product, m, scaled(delta_x, rest), scaled(delta_y, rest), scratch);
    add(**into.cross_norms, other);
  }
}

}  // namespace

void MomentsParts::drop_norms() {
  if (is_tap) {
    norms->reset();
  } else {
    cross_norms->reset();
  }
}

void MomentsParts::mark_changed() {
  static std::atomic<std::uint64_t> last{0};
  if (version != nullptr) *version = ++last;
}

void MomentsParts::reset() {
  mark_changed();
  weights = {};
  if (roundoff != nullptr) *roundoff = 0;
  precision = Precision::exact;
  for (ShiftedMean* mean : {&mean_x, &mean_y}) {
    std::ranges::fill(mean->origin, 0.0);
    std::ranges::fill(mean->offset, 0.0);
  }
  std::ranges::fill(product, 0.0);
  if (!is_tap && mean_x.size() == mean_y.size()) *squared_difference = 0;
  if (!options.norm_sums) return;
  // In the vectors' own memory: a ring that turns allocates nothing.
  if (is_tap) {
    if (!*norms) norms->emplace();
    (*norms)->p = (*norms)->pp = 0;
    (*norms)->px.assign(mean_x.size(), 0.0);
  } else {
    if (!*cross_norms) cross_norms->emplace();
    CrossNormSums& sums = **cross_norms;
    sums.p = sums.q = sums.pq = 0;
    sums.qx.assign(mean_x.size(), 0.0);
    sums.py.assign(mean_y.size(), 0.0);
  }
}

void MomentsParts::decay(double factor) {
  if (factor == 1) return;
  mark_changed();
  weights.decay(factor);
  for (double& value : product) value *= factor;
  if (has_difference()) **squared_difference *= factor;
  drop_norms();
}

MomentsParts MomentsAccess::parts_of(Moments& moments) {
  return {.is_tap = true,
          .options = moments.options_,
          .weights = moments.weights_,
          .precision = moments.precision_,
          .mean_x = moments.mean_,
          .mean_y = moments.mean_,
          .product = moments.scatter_,
          .norms = &moments.norms_,
          .cross_norms = nullptr,
          .squared_difference = nullptr,
          .roundoff = &moments.roundoff_,
          .version = &moments.version_};
}

MomentsParts MomentsAccess::parts_of(CrossMoments& moments) {
  return {.is_tap = false,
          .options = moments.options_,
          .weights = moments.weights_,
          .precision = moments.precision_,
          .mean_x = moments.mean_x_,
          .mean_y = moments.mean_y_,
          .product = moments.product_,
          .norms = nullptr,
          .cross_norms = &moments.norms_,
          .squared_difference = &moments.squared_difference_,
          .roundoff = nullptr,
          .version = nullptr};
}

double merge_weight(double n, double m) { return n > 0 && m > 0 ? n * m / (n + m) : 0; }

void subtract(const ShiftedMean& batch, const ShiftedMean& mean, std::span<double> delta) {
  for (std::size_t j = 0; j < delta.size(); ++j) delta[j] = batch.minus(mean, j);
}

void advance(ShiftedMean& mean, double n, const ShiftedMean& batch, std::span<const double> delta,
             double m) {
  if (!(m > 0)) return;
  if (!(n > 0)) {
    mean = batch;
    return;
  }
  const double share = m / (n + m);
  for (std::size_t j = 0; j < delta.size(); ++j) mean.offset[j] += delta[j] * share;
}

double squared_difference_of(std::span<const double> delta_x, std::span<const double> delta_y) {
  return (as_vector(delta_x) - as_vector(delta_y)).squaredNorm();
}

void expect_features(std::size_t expected, std::size_t got) {
  if (expected == got) return;
  throw Error("moments: expected " + std::to_string(expected) + " features, got " +
              std::to_string(got));
}

void merge_parts(MomentsParts into, const MomentsParts& from) {
  expect_features(into.mean_x.size(), from.mean_x.size());
  expect_features(into.mean_y.size(), from.mean_y.size());
  if (from.weights.samples == 0) return;
  into.mark_changed();
  std::vector<double> delta_x(into.mean_x.size());
  std::vector<double> delta_y(into.mean_y.size());
  subtract(from.mean_x, into.mean_x, delta_x);
  subtract(from.mean_y, into.mean_y, delta_y);
  if (into.has_norms() && from.has_norms()) {
    merge_norms(into, from, delta_x, delta_y);
  } else {
    into.drop_norms();
  }
  const double n = into.weights.sum;
  const double m = from.weights.sum;
  const auto rows = static_cast<Index>(delta_x.size());
  const auto columns = static_cast<Index>(delta_y.size());
  Eigen::Map<MatrixXd> sum(into.product.data(), rows, columns);
  sum += Eigen::Map<const MatrixXd>(from.product.data(), rows, columns);
  if (const double weight = merge_weight(n, m); weight > 0) {
    sum.noalias() += weight * as_vector(delta_x) * as_vector(delta_y).transpose();
  }
  if (into.has_difference() && from.has_difference()) {
    **into.squared_difference +=
        **from.squared_difference + merge_weight(n, m) * squared_difference_of(delta_x, delta_y);
  } else if (!into.is_tap) {
    into.squared_difference->reset();
  }
  advance(into.mean_x, n, from.mean_x, delta_x, m);
  if (!into.is_tap) advance(into.mean_y, n, from.mean_y, delta_y, m);
  into.weights.add(from.weights);
  into.precision = worse(into.precision, from.precision);
  if (into.is_tap) *into.roundoff = std::max(*into.roundoff, *from.roundoff);
}

}  // namespace livecca
