#include "verdicts/layer_course_json.hpp"

#include <nlohmann/json.hpp>

#include "common/json_numbers.hpp"

namespace livecca {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson growth_json(const GrowthCourse& growth) {
  return {{"last", or_null<OrderedJson>(growth.last)},
          {"highest", growth.highest},
          {"rises", growth.rises},
          {"start", growth.start},
          {"level", growth.level},
          {"from_random", growth.from_random},
          {"exploded_from", or_null<OrderedJson>(growth.exploded_from)}};
}

GrowthCourse growth_in(const OrderedJson& json) {
  GrowthCourse growth;
  growth.last = number_or_none(json.at("last"));
  growth.highest = json.at("highest").get<double>();
  growth.rises = whole_number<std::size_t>(json.at("rises"));
  growth.start = json.at("start").get<double>();
  growth.level = json.at("level").get<double>();
  growth.from_random = json.at("from_random").get<bool>();
  growth.exploded_from = number_or_none(json.at("exploded_from"));
  return growth;
}

}  // namespace

OrderedJson to_json(const LossCourse& loss) {
  return {{"first", or_null<OrderedJson>(loss.first)},
          {"lowest", or_null<OrderedJson>(loss.lowest)}};
}

LossCourse loss_course_from(const OrderedJson& json) {
  LossCourse loss;
  loss.first = number_or_none(json.at("first"));
  loss.lowest = number_or_none(json.at("lowest"));
  // The one is never there without the other.
  if (loss.first.has_value() != loss.lowest.has_value()) loss = {};
  return loss;
}

OrderedJson to_json(const LayerCourse& course) {
  return {{"features", course.features},
          {"samples", course.samples},
          {"growth", growth_json(course.growth)},
          {"ranks", course.rank.recent},
          {"rank_level", or_null<OrderedJson>(course.rank.level)},
          {"low_ranks", course.rank.low},
          {"fewest_dead", or_null<OrderedJson>(course.dead.fewest)}};
}

LayerCourse layer_course_from(const OrderedJson& json) {
  LayerCourse course;
  course.features = whole_number<std::size_t>(json.at("features"));
  if (json.contains("samples")) course.samples = json.at("samples").get<double>();
  course.growth = growth_in(json.at("growth"));
  std::vector<double>& ranks = course.rank.recent;
  ranks = json.at("ranks").get<std::vector<double>>();
  while (ranks.size() > most_recent_ranks) ranks.erase(ranks.begin());
  course.rank.level = number_or_none(json.at("rank_level"));
  course.rank.low = whole_number<std::size_t>(json.at("low_ranks"));
  const OrderedJson& fewest = json.at("fewest_dead");
  if (!fewest.is_null()) course.dead.fewest = whole_number<std::size_t>(fewest);
  return course;
}

}  // namespace livecca
