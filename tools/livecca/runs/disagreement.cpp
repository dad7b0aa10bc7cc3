#include "runs/disagreement.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t numbers_looked_at = 5;
constexpr std::size_t fewest_numbers = 3;
constexpr double least_change = 0.05;  // in distance

/// How much further away the layer is than some numbers ago; only of numbers of one trend.
std::optional<double> change_of_distance(const Curve& curve) {
  std::optional<double> first;
  std::optional<double> last;
  std::size_t count = 0;
  for (auto point = curve.points.rbegin();
       point != curve.points.rend() && count < numbers_looked_at; ++point) {
    if (point->value) {
      if (!last) last = point->value;
      first = point->value;
      ++count;
    }
    if (point->begins_anew) break;
  }
  if (count < fewest_numbers) return std::nullopt;
  const double change = *last - *first;
  return curve.direction == Direction::distance ? change : -change;
}

struct Opinions {
  std::vector<std::string> nearer;
  std::vector<std::string> away;
};

}  // namespace

std::string disagreement_on(const RunRows& rows, const std::string& layer) {
  std::map<std::string, Opinions> of_reference;
  for (const Curve& curve : rows.curves) {
    const CurveKey& key = curve.key;
    if (key.layer != layer || key.reference_layer != layer || key.stream != Stream::probe ||
        !stays_as_it_is(curve.reference_kind)) {
      continue;
    }
    const auto change = change_of_distance(curve);
    if (!change) continue;
    if (*change < -least_change) of_reference[key.reference].nearer.push_back(key.measure);
    if (*change > least_change) of_reference[key.reference].away.push_back(key.measure);
  }
  for (const auto& [reference, opinions] : of_reference) {
    if (opinions.nearer.empty() || opinions.away.empty()) continue;
    return "to " + shown_name(reference) + ": " + some_of(opinions.nearer, 2) +
           (opinions.nearer.size() == 1 ? " comes" : " come") + " nearer, " +
           some_of(opinions.away, 2) + (opinions.away.size() == 1 ? " goes away" : " go away");
  }
  return "";
}

}  // namespace livecca::tool
