#include "verdicts/layer_course_json.hpp"

#include <nlohmann/json.hpp>

#include "common/json_numbers.hpp"

namespace livecca {
namespace {

using OrderedJson = nlohmann::ordered_json;

template <typename T>
OrderedJson nullable(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

std::optional<double> nullable_in(const OrderedJson& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

OrderedJson growth_json(const GrowthCourse& growth) {
  return {{"last", nullable(growth.last)},
          {"highest", growth.highest},
          {"rises", growth.rises},
          {"start", growth.start},
          {"level", growth.level},
          {"from_random", growth.from_random},
          {"exploded_from", nullable(growth.exploded_from)}};
}

GrowthCourse growth_in(const OrderedJson& json) {
  GrowthCourse growth;
  growth.last = nullable_in(json.at("last"));
  growth.highest = json.at("highest").get<double>();
  growth.rises = whole_number<std::size_t>(json.at("rises"));
  growth.start = json.at("start").get<double>();
  growth.level = json.at("level").get<double>();
  growth.from_random = json.at("from_random").get<bool>();
  growth.exploded_from = nullable_in(json.at("exploded_from"));
  return growth;
}

}  // namespace

OrderedJson to_json(const LossCourse& loss) {
  return {{"first", nullable(loss.first)}, {"lowest", nullable(loss.lowest)}};
}

LossCourse loss_course_from(const OrderedJson& json) {
  LossCourse loss;
  loss.first = nullable_in(json.at("first"));
  loss.lowest = nullable_in(json.at("lowest"));
  // The one is never there without the other.
  if (loss.first.has_value() != loss.lowest.has_value()) loss = {};
  return loss;
}

OrderedJson to_json(const LayerCourse& course) {
  return {{"features", course.features},  {"growth", growth_json(course.growth)},
          {"ranks", course.rank.recent},  {"rank_level", nullable(course.rank.level)},
          {"low_ranks", course.rank.low}, {"fewest_dead", nullable(course.dead.fewest)}};
}

LayerCourse layer_course_from(const OrderedJson& json) {
  LayerCourse course;
  course.features = whole_number<std::size_t>(json.at("features"));
  course.growth = growth_in(json.at("growth"));
  course.rank.recent = json.at("ranks").get<std::vector<double>>();
  course.rank.level = nullable_in(json.at("rank_level"));
  course.rank.low = whole_number<std::size_t>(json.at("low_ranks"));
  const OrderedJson& fewest = json.at("fewest_dead");
  if (!fewest.is_null()) course.dead.fewest = whole_number<std::size_t>(fewest);
  return course;
}

}  // namespace livecca
