#include "compare/measure_values.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace livecca::tool {
namespace {

std::optional<double> complement(std::optional<double> similarity) {
  if (!similarity) return std::nullopt;
  return 1 - *similarity;
}

}  // namespace

DirectedValue value_in(Direction direction, const MeasureResult& result) {
  if (direction == Direction::similarity) return {result.similarity(), result.similarity_floor()};
  if (result.distance()) return {result.distance(), result.distance_floor()};
  // The other side of a measure that has a distance may be registered as a similarity only.
  return {complement(result.similarity()), complement(result.similarity_floor())};
}

DirectedValue value_in_row(const MeasureResult& result) {
  return value_in(result.similarity() ? Direction::similarity : Direction::distance, result);
}

bool is_chance(const MeasureResult& result, std::size_t of) {
  return is_like_unrelated(result.measure->direction, result.value, result.floor, result.p_value,
                           of);
}

std::vector<const MeasureInfo*> measures_of_rows() {
  constexpr std::array<std::string_view, 4> names{"mean_cca", "pwcca", "svcca", "linear_cka"};
  std::vector<const MeasureInfo*> chosen;
  for (const MeasureInfo& measure : measures()) {
    if (std::ranges::find(names, measure.name) != names.end()) chosen.push_back(&measure);
  }
  return chosen;
}

const MeasureInfo& measure_of_matrices() { return *find_measure("pwcca"); }

}  // namespace livecca::tool
