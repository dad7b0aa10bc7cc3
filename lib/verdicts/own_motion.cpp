#include "verdicts/own_motion.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace livecca {
namespace {

/// Below it, distances are rounding of half-precision histories.
constexpr double smallest_distance = 1e-5;
double log_of(double distance) { return std::log(std::max(distance, smallest_distance)); }

// Places in motion_lags.
constexpr std::size_t over_one = 0;
constexpr std::size_t over_four = 1;
/// How many of the latest snapshots trends look at.
constexpr std::uint64_t looked_at = 4;

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

/// The logarithms of a lag's distances at the latest snapshots, as far as there are any.
struct LogDistances {
  std::vector<double> snapshots;  ///< counted from the latest, which is 0; the others are below
  std::vector<double> values;
};

LogDistances log_distances(std::span<const Motion> latest, std::size_t lag) {
  LogDistances found;
  for (std::uint64_t back = 0; back < looked_at; ++back) {
    const Motion* motion = motion_before(latest, back);
    const auto value = motion == nullptr ? std::nullopt : log_moved(*motion, lag);
    if (!value) continue;
    found.snapshots.push_back(-static_cast<double>(back));
    found.values.push_back(*value);
  }
  return found;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The slope of the least-squares line through them, a snapshot.
std::optional<double> log_slope(std::span<const Motion> latest, std::size_t lag) {
  const auto [snapshots, values] = log_distances(latest, lag);
  if (values.size() < 2) return std::nullopt;
  const double middle = mean(snapshots);
  double squares = 0;
  double products = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += (snapshots[i] - middle) * (snapshots[i] - middle);
    products += (snapshots[i] - middle) * values[i];
  }
  return products / squares;
}

/// (e^{λk} − 1) / λ: how long a path was over k snapshots back, of a layer that slows by λ.
double path_back(double lambda, double k) {
  return std::abs(lambda) < 1e-6 ? k : std::expm1(lambda * k) / lambda;
}

/// The path of this exponent that fits best, of a layer whose distances fall by `decay` a snapshot.
/// It is not taken to speed up: over a long run, jitter that grew by accident would go anywhere.
MotionPath path_of(const Motion& now, double decay, double exponent) {
  MotionPath path{.exponent = exponent, .lambda = std::max(decay / exponent, 0.0)};
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

/// How the distance to the end goes with the one over 4 snapshots, in logarithms.
constexpr double share_of_moved = 1.2;

/// What lay before layers of trained networks that had moved as far over 4 snapshots, whose latest
/// step was as much above their mean step, and whose network slowed down as much, all in
/// logarithms. As it came out on the networks that the rule was made on, see docs/verdicts.md.
double experience(double log_moved, double above_mean_step, double network_slowing) {
  return std::min(1.0, std::exp(0.75 + share_of_moved * log_moved + 0.9 * above_mean_step +
                                0.9 * network_slowing));
}

}  // namespace

std::optional<double> slowing(std::span<const Motion> latest) {
  return latest.empty() ? std::nullopt : log_slope(latest, over_one);
}

double Forecast::remaining() const { return std::max(by_experience, by_its_path); }

std::optional<double> Forecast::snapshots_until(double tolerance) const {
  constexpr double stands_still = 0.02;
  if (decay <= stands_still) return std::nullopt;
  const double by_path = livecca::snapshots_until(path, tolerance);
  const double too_far = std::log(by_experience / tolerance);
  const double too_fast = std::log(std::max(step, smallest_distance) / tolerance);
  return std::max({0.0, by_path, too_far / (share_of_moved * decay), too_fast / decay});
}

std::optional<Forecast> forecast_of(std::span<const Motion> latest, double network_slowing) {
  if (latest.empty()) return std::nullopt;
  const Motion& now = latest.back();
  const auto step = log_moved(now, over_one);
  const auto moved = log_moved(now, over_four);
  const auto slope_of_steps = log_slope(latest, over_one);
  if (!step || !moved || !slope_of_steps) return std::nullopt;
  Forecast forecast;
  forecast.step = *now.moved[over_one];
  forecast.decay = -(*slope_of_steps + log_slope(latest, over_four).value_or(*slope_of_steps)) / 2;
  forecast.path = best_path(now, forecast.decay);
  const double ahead = std::max(4.0, 2 * static_cast<double>(now.snapshot));
  forecast.by_its_path = distance_ahead(forecast.path, ahead);
  forecast.by_experience =
      experience(*moved, *step - mean(log_distances(latest, over_one).values), network_slowing);
  return forecast;
}

}  // namespace livecca
