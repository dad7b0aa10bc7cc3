#include "verdicts/own_motion.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace livecca {
namespace {

/// Below it, distances are rounding of half-precision histories.
constexpr double smallest_distance = 1e-5;
/// A layer is not taken to speed up for ever.
constexpr double fastest_growth = 0.05;

double log_of(double distance) { return std::log(std::max(distance, smallest_distance)); }

std::optional<double> log_moved(const Motion& motion, std::size_t lag) {
  const std::optional<double>& moved = motion.moved[lag];
  return moved ? std::optional(log_of(*moved)) : std::nullopt;
}

/// The motion so many snapshots before the latest; null if it is not there.
const Motion* motion_before(std::span<const Motion> latest, std::uint64_t snapshots) {
  for (const Motion& motion : latest) {
    if (motion.snapshot + snapshots == latest.back().snapshot) return &motion;
  }
  return nullptr;
}

/// The slope of the logarithm of a lag's distance over the latest 4 snapshots.
std::optional<double> log_slope(std::span<const Motion> latest, std::size_t lag) {
  constexpr std::uint64_t looked_at = 4;
  double count = 0;
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (std::uint64_t back = 0; back < looked_at; ++back) {
    const Motion* motion = motion_before(latest, back);
    const auto y = motion == nullptr ? std::nullopt : log_moved(*motion, lag);
    if (!y) continue;
    const double x = -static_cast<double>(back);
    ++count;
    sum_x += x;
    sum_y += *y;
    sum_xx += x * x;
    sum_xy += x * *y;
  }
  if (count < 2) return std::nullopt;
  return (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x);
}

/// (e^{λk} − 1) / λ: how long a path was over k snapshots back, of a layer that slows by λ.
double path_back(double lambda, double k) {
  return std::abs(lambda) < 1e-6 ? k : std::expm1(lambda * k) / lambda;
}

/// The path of this exponent that fits best, of a layer whose distances fall by `decay` a snapshot.
MotionPath path_of(const Motion& now, double decay, double exponent) {
  MotionPath path{.exponent = exponent, .lambda = std::max(decay / exponent, -fastest_growth)};
  std::vector<double> rests;
  for (std::size_t lag = 0; lag < motion_lags.size(); ++lag) {
    const auto moved = log_moved(now, lag);
    if (!moved) continue;
    const double back = path_back(path.lambda, static_cast<double>(motion_lags[lag]));
    rests.push_back(*moved - exponent * std::log(back));
  }
  for (const double rest : rests) path.log_scale += rest / static_cast<double>(rests.size());
  for (const double rest : rests) {
    path.squares += (rest - path.log_scale) * (rest - path.log_scale);
  }
  return path;
}

MotionPath best_path(const Motion& now, double decay) {
  constexpr double lowest = 0.2;   // a layer that jitters about a place
  constexpr double highest = 2.0;  // straight on: distances are squares of displacements
  constexpr int steps = 18;
  MotionPath best;
  for (int i = 0; i <= steps; ++i) {
    const MotionPath path = path_of(now, decay, lowest + (highest - lowest) * i / steps);
    if (i == 0 || path.squares < best.squares) best = path;
  }
  return best;
}

double distance_ahead(const MotionPath& path, double snapshots) {
  const double ahead = std::abs(path.lambda) < 1e-6
                           ? snapshots
                           : -std::expm1(-path.lambda * snapshots) / path.lambda;
  return std::min(1.0, std::exp(path.log_scale + path.exponent * std::log(ahead)));
}

/// After how many snapshots this distance of a path that slows down for ever lies before it.
double snapshots_until(const MotionPath& path, double distance) {
  const double displacement = std::exp((std::log(distance) - path.log_scale) / path.exponent);
  return std::max(0.0, -std::log(path.lambda * displacement) / path.lambda);
}

// As the two came out on the networks that the rule was made on, see docs/verdicts.md.
constexpr double weight_of_path = 1.3;
constexpr double weight_of_experience = 1.1;
/// How much of the distance over 4 snapshots lies before a layer, in logarithms.
constexpr double share_of_moved = 0.77;

}  // namespace

std::optional<double> slowing(std::span<const Motion> latest) {
  constexpr std::size_t over_two = 1;
  const Motion* before = latest.empty() ? nullptr : motion_before(latest, 2);
  if (before == nullptr) return std::nullopt;
  const auto then = log_moved(*before, over_two);
  const auto now = log_moved(latest.back(), over_two);
  return then && now ? std::optional((*now - *then) / 2) : std::nullopt;
}

double Forecast::remaining() const {
  return std::min(1.0,
                  std::max(weight_of_experience * by_experience, weight_of_path * by_its_path));
}

std::optional<double> Forecast::snapshots_until(double tolerance) const {
  constexpr double stands_still = 0.02;
  if (decay <= stands_still) return std::nullopt;
  const double by_path = livecca::snapshots_until(path, tolerance / weight_of_path);
  const double too_far = std::log(weight_of_experience * by_experience / tolerance);
  const double too_fast = std::log(std::max(step, smallest_distance) / tolerance);
  return std::max({0.0, by_path, too_far / (share_of_moved * decay), too_fast / decay});
}

std::optional<Forecast> forecast_of(std::span<const Motion> latest, double network_slowing) {
  constexpr std::size_t over_four = 2;
  if (latest.empty()) return std::nullopt;
  const Motion& now = latest.back();
  const auto moved = log_moved(now, over_four);
  double slope = 0;
  int slopes = 0;
  for (std::size_t lag = 0; lag <= over_four; ++lag) {
    if (const auto found = log_slope(latest, lag)) {
      slope += *found;
      ++slopes;
    }
  }
  if (!moved || slopes == 0) return std::nullopt;
  Forecast forecast;
  forecast.decay = -slope / slopes;
  forecast.step = now.moved[0].value_or(0);
  forecast.path = best_path(now, forecast.decay);
  const double ahead = std::max(4.0, 2 * static_cast<double>(now.snapshot));
  forecast.by_its_path = distance_ahead(forecast.path, ahead);
  // log(remaining) of layers of trained networks, by least squares.
  forecast.by_experience =
      std::min(1.0, std::exp(-0.72 + share_of_moved * *moved + 1.13 * network_slowing));
  return forecast;
}

}  // namespace livecca
