#include "runs/no_answer.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

// Where unrelated data would score this near to equal layers, a number tells nothing.
constexpr double least_room = 0.02;

/// Where the samples are no more than the features, these are 1, whatever the data is.
bool is_of_correlations(const std::string& measure) {
  constexpr std::array<std::string_view, 5> names{"mean_cca", "r2_cca", "pwcca", "angular",
                                                  "linreg"};
  return std::ranges::any_of(names,
                             [&](std::string_view name) { return measure.starts_with(name); });
}

/// Whether unrelated data of this size would be as near as equal layers are.
bool leaves_nothing(const Curve& curve) {
  if (!curve.noise_floor) return false;
  return curve.direction == Direction::distance ? *curve.noise_floor < least_room
                                                : *curve.noise_floor > 1 - least_room;
}

std::string status_text(const Curve& curve) {
  if (curve.status == Status::ok) return "";
  if (curve.status != Status::rank_deficient) return name_of(curve.status);
  for (std::size_t side = 0; side < curve.ranks.size(); ++side) {
    if (curve.ranks[side] == 0 || curve.ranks[side] >= curve.features[side]) continue;
    return "rank " + std::to_string(curve.ranks[side]) + " of " +
           std::to_string(curve.features[side]);
  }
  return name_of(curve.status);
}

}  // namespace

std::string why_no_answer(const Curve& curve) {
  if (!curve.latest() || curve.samples == 0) return "";
  const std::size_t widest = std::max(curve.features[0], curve.features[1]);
  const std::string features = " for " + std::to_string(widest) + " features";
  if (leaves_nothing(curve)) return count_text(curve.effective_samples) + " inputs" + features;
  const std::uint64_t free = curve.samples - 1;  // the mean takes one
  if (!is_of_correlations(curve.key.measure) || free > widest) return "";
  // Most neurons are dead: what is left has room enough.
  if (curve.ranks[0] + curve.ranks[1] <= free) return "";
  const bool are_inputs = static_cast<double>(curve.samples) == curve.effective_samples;
  return std::to_string(curve.samples) + (are_inputs ? " inputs" : " samples") + features;
}

std::string note_of(const Curve& curve) {
  const std::string why = why_no_answer(curve);
  return why.empty() ? status_text(curve) : "no answer: " + why;
}

}  // namespace livecca::tool
