#include "verdicts/curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace livecca {
namespace {

/// What each point's value counts in the slope: slope = Σ weight · value.
std::vector<double> slope_weights(std::span<const CurvePoint> points) {
  std::vector<double> weights;
  double mean = 0;
  for (const CurvePoint& point : points) {
    weights.push_back(static_cast<double>(point.snapshot - points.front().snapshot));
    mean += weights.back() / static_cast<double>(points.size());
  }
  double squares = 0;
  for (double& weight : weights) {
    weight -= mean;
    squares += weight * weight;
  }
  for (double& weight : weights) weight /= squares;
  return weights;
}

/// The slope of each half over the snapshots; empty if they do not match.
std::vector<HalfValue> half_slopes(std::span<const CurvePoint> points,
                                   std::span<const double> weights) {
  const std::size_t count = points.front().halves.size();
  std::vector<HalfValue> slopes(count);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].halves.size() != count) return {};
    for (std::size_t h = 0; h < count; ++h) {
      slopes[h].value += weights[i] * points[i].halves[h].value;
      // The same blocks every time; rows that were left out may change their share a little.
      slopes[h].share += points[i].halves[h].share / static_cast<double>(points.size());
    }
  }
  return slopes;
}

double residual_error(std::span<const CurvePoint> points, std::span<const double> weights,
                      double slope) {
  double mean = 0;
  double mean_place = 0;
  double largest = 0;
  double weight_squares = 0;
  const auto count = static_cast<double>(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    mean += points[i].value / count;
    mean_place += static_cast<double>(points[i].snapshot) / count;
    largest = std::max(largest, std::abs(points[i].value));
    weight_squares += weights[i] * weights[i];
  }
  double squares = 0;
  for (const CurvePoint& point : points) {
    const double line = mean + slope * (static_cast<double>(point.snapshot) - mean_place);
    squares += (point.value - line) * (point.value - line);
  }
  const double rounding = 4 * std::numeric_limits<double>::epsilon() * largest;
  const double scatter = std::sqrt(squares / (count - 2));
  return std::max(scatter, rounding) * std::sqrt(weight_squares);
}

}  // namespace

double Slope::error() const { return std::max(residual_error, jackknife_error.value_or(0)); }

std::optional<Slope> fit_slope(std::span<const CurvePoint> points) {
  if (points.size() < fewest_slope_points) return std::nullopt;
  const std::vector<double> weights = slope_weights(points);
  Slope slope;
  for (std::size_t i = 0; i < points.size(); ++i) {
    slope.per_snapshot += weights[i] * points[i].value;
  }
  slope.change =
      slope.per_snapshot * static_cast<double>(points.back().snapshot - points.front().snapshot);
  slope.jackknife_error = jackknife_error(half_slopes(points, weights));
  slope.residual_error = residual_error(points, weights, slope.per_snapshot);
  return slope;
}

}  // namespace livecca
