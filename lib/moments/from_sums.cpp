#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"
#include "moments/moments_parts.hpp"
#include "moments/sums_checks.hpp"

namespace livecca {
namespace {

// Weights are sums of a few operations a row, so they agree almost to the last bit.
constexpr double weight_tolerance = 1e-9;

Failure refused_sums(const std::string& expected, const std::string& got) {
  return Failure{"moments from sums: expected " + expected + ", got " + got};
}

/// Fails if no rows can have these weights together.
Result<void> check_weights(const SampleWeights& weights) {
  const auto& [samples, sum, squares, image_sum, image_squares] = weights;
  for (const double value : {sum, squares, image_sum, image_squares}) {
    if (!is_weight(value)) {
      return refused_sums("finite sums of weights of 0 or more", std::to_string(value));
    }
  }
  const auto at_most = [](double value, double bound) {
    return value <= bound * (1 + weight_tolerance);
  };
  // Of weights of 0 or more: Σw² ≤ (Σw)² ≤ n Σw². Every image gave a row of its weight.
  const bool agree = at_most(squares, sum * sum) &&
                     at_most(sum * sum, static_cast<double>(samples) * squares) &&
                     at_most(image_squares, image_sum * image_sum) && at_most(image_sum, sum) &&
                     at_most(image_squares, squares) && (image_sum > 0) == (sum > 0) &&
                     (image_squares > 0) == (squares > 0);
  if (agree) return {};
  return refused_sums("weights that some rows can have",
                      std::to_string(samples) + " rows with sums of weights " +
                          std::to_string(sum) + " and of squares " + std::to_string(squares) +
                          ", of images " + std::to_string(image_sum) + " and " +
                          std::to_string(image_squares));
}

/// How far two sums of the same products may lie apart, relative to the sum of their magnitudes: n
/// rows round by at most n · 2⁻⁵³ in float64, so this is enough for 10⁷ rows. Float32 products
/// are summed in blocks of a few thousand rows, which round by at most 2⁻²⁴ each.
double tolerance_of(Precision precision) { return precision == Precision::exact ? 1e-8 : 1e-3; }

bool all_finite(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

Result<void> check_mean(const char* name, std::span<const double> mean) {
  if (mean.empty()) return refused_sums(std::string(name) + " of one or more features", "none");
  if (!all_finite(mean)) return refused_sums(std::string("a finite ") + name, "NaN or infinity");
  return {};
}

/// `rows` is not 0.
Result<void> check_matrix(const char* name, std::span<const double> matrix, std::size_t rows,
                          std::size_t columns) {
  // Not rows · columns, which could overflow.
  if (matrix.size() % rows != 0 || matrix.size() / rows != columns) {
    return refused_sums(std::string(name) + " of " + std::to_string(rows) + " x " +
                            std::to_string(columns) + " numbers, as the means have",
                        std::to_string(matrix.size()));
  }
  if (!all_finite(matrix)) return refused_sums(std::string("a finite ") + name, "NaN or infinity");
  return {};
}

Result<void> check_scatter(const TapSums& sums) {
  const std::size_t features = sums.mean.size();
  if (auto checked = check_matrix("scatter", sums.scatter, features, features); !checked) {
    return checked;
  }
  const auto entry = [&](std::size_t row, std::size_t column) {
    return sums.scatter[column * features + row];
  };
  for (std::size_t j = 0; j < features; ++j) {
    if (entry(j, j) < 0) {
      return refused_sums("a diagonal of the scatter of 0 or more",
                          std::to_string(entry(j, j)) + " at feature " + std::to_string(j));
    }
    if (sums.weights.sum == 0 && entry(j, j) != 0) {
      return refused_sums("a scatter of 0 where no row weighs anything",
                          std::to_string(entry(j, j)) + " at feature " + std::to_string(j));
    }
  }
  const double tolerance = tolerance_of(sums.precision);
  for (std::size_t j = 0; j < features; ++j) {
    for (std::size_t i = j + 1; i < features; ++i) {
      // What the magnitudes of the products sum to at most, by Cauchy and Schwarz.
      const double most = std::sqrt(entry(i, i)) * std::sqrt(entry(j, j));
      if (std::abs(entry(i, j) - entry(j, i)) <= tolerance * most) continue;
      const std::string place = std::to_string(i) + ", " + std::to_string(j);
      return refused_sums("a symmetric scatter", std::to_string(entry(i, j)) + " at (" + place +
                                                     ") and " + std::to_string(entry(j, i)) +
                                                     " across the diagonal");
    }
  }
  return {};
}

Result<void> check_equal_weights(const SampleWeights& weights) {
  const auto samples = static_cast<double>(weights.samples);
  if (weights.sum == samples && weights.squares == samples) return {};
  return refused_sums(
      "norm sums only where every row weighs 1",
      std::to_string(weights.samples) + " rows that weigh " + std::to_string(weights.sum));
}

/// One sum for every feature, and sums of squared norms that are 0 or more.
Result<void> check_norm_sums(std::span<const double> norms, std::span<const double> of_features,
                             std::size_t features) {
  if (of_features.size() != features) {
    return refused_sums("norm sums of " + std::to_string(features) + " features",
                        std::to_string(of_features.size()));
  }
  if (!std::ranges::all_of(norms, is_weight) || !all_finite(of_features)) {
    return refused_sums("finite norm sums, those of squares 0 or more", "another");
  }
  return {};
}

Result<void> check_norms(const TapSums& sums) {
  if (!sums.norm_sums) return {};
  const NormSums& norms = *sums.norm_sums;
  auto checked = check_equal_weights(sums.weights);
  if (checked) {
    checked = check_norm_sums(std::vector{norms.p, norms.pp}, norms.px, sums.mean.size());
  }
  if (!checked) return checked;
  double trace = 0;
  for (std::size_t j = 0; j < sums.mean.size(); ++j) {
    trace += sums.scatter[j * sums.mean.size() + j];
  }
  if (std::abs(norms.p - trace) <= tolerance_of(sums.precision) * trace) return {};
  return refused_sums("a sum of squared norms like the scatter's trace, " + std::to_string(trace),
                      std::to_string(norms.p));
}

Result<void> check_norms(const PairSums& sums) {
  if (!sums.norm_sums) return {};
  const CrossNormSums& norms = *sums.norm_sums;
  const std::vector<double> scalars{norms.p, norms.q, norms.pq};
  auto checked = check_equal_weights(sums.weights);
  if (checked) checked = check_norm_sums(scalars, norms.qx, sums.mean_x.size());
  if (checked) checked = check_norm_sums(scalars, norms.py, sums.mean_y.size());
  return checked;
}

Result<void> check_sums(const TapSums& sums) {
  auto checked = check_weights(sums.weights);
  if (checked) checked = check_mean("mean", sums.mean);
  if (checked) checked = check_scatter(sums);
  if (checked) checked = check_norms(sums);
  if (checked && !is_roundoff(sums.roundoff)) {
    return refused_sums("a roundoff from 0 to 1", std::to_string(sums.roundoff));
  }
  return checked;
}

Result<void> check_sums(const PairSums& sums) {
  auto checked = check_weights(sums.weights);
  if (checked) checked = check_mean("mean_x", sums.mean_x);
  if (checked) checked = check_mean("mean_y", sums.mean_y);
  if (checked) {
    checked = check_matrix("product", sums.product, sums.mean_x.size(), sums.mean_y.size());
  }
  if (checked) checked = check_norms(sums);
  return checked;
}

void set_mean(ShiftedMean& mean, std::span<const double> values) {
  // As the origin: differences of two means near each other are then exact.
  std::ranges::copy(values, mean.origin.begin());
}

}  // namespace

Result<Moments> Moments::from_sums(const TapSums& sums) {
  if (const auto checked = check_sums(sums); !checked) return Failure{checked.why()};
  const std::size_t features = sums.mean.size();
  Moments moments(features, {.precision = sums.precision, .norm_sums = sums.norm_sums.has_value()});
  MomentsParts parts = MomentsAccess::parts_of(moments);
  parts.weights = sums.weights;
  parts.precision = sums.precision;
  set_mean(parts.mean_x, sums.mean);
  for (std::size_t j = 0; j < features; ++j) {
    const auto lower = sums.scatter.subspan(j * features + j, features - j);
    std::ranges::copy(lower, parts.product.begin() + static_cast<std::ptrdiff_t>(j * features + j));
  }
  *parts.norms = sums.norm_sums;
  *parts.roundoff = sums.roundoff;
  return moments;
}

Result<CrossMoments> CrossMoments::from_sums(const PairSums& sums) {
  if (const auto checked = check_sums(sums); !checked) return Failure{checked.why()};
  CrossMoments moments(sums.mean_x.size(), sums.mean_y.size(),
                       {.precision = sums.precision, .norm_sums = sums.norm_sums.has_value()});
  MomentsParts parts = MomentsAccess::parts_of(moments);
  parts.weights = sums.weights;
  parts.precision = sums.precision;
  set_mean(parts.mean_x, sums.mean_x);
  set_mean(parts.mean_y, sums.mean_y);
  std::ranges::copy(sums.product, parts.product.begin());
  parts.squared_difference->reset();
  *parts.cross_norms = sums.norm_sums;
  return moments;
}

}  // namespace livecca
