#include "runs/disagreement.hpp"

#include <cmath>
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

/// Of two numbers, by their standard errors; what has none is exact.
double error_of(const Point& a, const Point& b) {
  const auto known = [](double error) { return std::isfinite(error) ? error : 0; };
  return std::hypot(known(a.standard_error), known(b.standard_error));
}

/// How much further away the layer is than some numbers ago; only of numbers of one trend that say
/// more than chance, and only if it is no matter of chance itself.
std::optional<double> change_of_distance(const Curve& curve) {
  const Point* first = nullptr;
  const Point* last = nullptr;
  std::size_t count = 0;
  for (auto point = curve.points.rbegin();
       point != curve.points.rend() && count < numbers_looked_at; ++point) {
    if (point->value && !point->is_like_unrelated) {
      if (last == nullptr) last = &*point;
      first = &*point;
      ++count;
    }
    if (point->begins_anew) break;
  }
  if (count < fewest_numbers) return std::nullopt;
  const double change = *last->value - *first->value;
  if (std::abs(change) <= 2 * error_of(*first, *last)) return std::nullopt;
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
    return "to " + shown_name(reference) + ": by " + some_of(opinions.nearer, 2) +
           " it comes nearer, by " + some_of(opinions.away, 2) + " it goes away";
  }
  return "";
}

}  // namespace livecca::tool
