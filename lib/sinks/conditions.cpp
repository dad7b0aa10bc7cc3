#include "sinks/conditions.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {
namespace {

constexpr double same_size_share = 0.1;
constexpr double same_floor = 0.005;

std::string expected(const std::string& before, const std::string& now, const std::string& what) {
  return "expected " + before + " " + what + " as before, got " + now;
}

bool has_same_floor(const Conditions& before, const Conditions& now) {
  return before.noise_floor && now.noise_floor &&
         std::abs(*before.noise_floor - *now.noise_floor) <= same_floor;
}

std::string whole(double samples) { return std::to_string(std::llround(samples)); }

}  // namespace

Conditions conditions_of(const MeasureRow& row) {
  return {row.effective_samples, row.noise_floor, row.features, row.modes};
}

bool is_same_size(double samples, double other) {
  return std::abs(samples - other) < same_size_share * std::max(samples, other) || samples == other;
}

std::string difference(const Conditions& before, const Conditions& now) {
  for (std::size_t side = 0; side < now.features.size(); ++side) {
    if (before.features[side] != now.features[side]) {
      return expected(std::to_string(before.features[side]), std::to_string(now.features[side]),
                      "features");
    }
    if (before.modes[side] != now.modes[side]) {
      return expected(before.modes[side], now.modes[side], "mode");
    }
  }
  if (is_same_size(before.samples, now.samples) || has_same_floor(before, now)) return {};
  return expected(whole(before.samples), whole(now.samples), "samples");
}

}  // namespace livecca
