#include "serve/answers/layer_answer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "runs/disagreement.hpp"
#include "runs/layer_lines.hpp"
#include "runs/pair_curves.hpp"
#include "serve/answers/decimation.hpp"
#include "serve/answers/headline.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t spark_columns = 8;  // of at most four numbers and a gap

/// A picture of some dozen pixels needs no more digits.
double rounded(double place) { return std::round(place * 1000) / 1000; }

/// Numbers of the curve as they are, none of them a mean: a spike must be seen. `spark_at` has the
/// place of each, from 0 to 1, as those between them may be many or none.
void add_spark(AnswerJson& json, const Curve& curve) {
  std::vector<double> x;
  std::vector<double> y;
  for (const Point& point : curve.points) {
    x.push_back(static_cast<double>(x.size()));
    y.push_back(point.value.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  json["spark"] = AnswerJson::array();
  json["spark_at"] = AnswerJson::array();
  const PixelColumns columns{.from = 0, .to = x.back(), .width = spark_columns};
  for (const std::size_t i : decimated(x, y, columns)) {
    json["spark"].push_back(number_or_null(curve.points[i].value));
    json["spark_at"].push_back(rounded(x[i] / std::max(1.0, x.back())));
  }
}

const DirectionRow* direction_of_curve(const RunRows& rows, CurveKey key) {
  auto found = rows.directions.find(key);
  if (found == rows.directions.end()) {
    key.reference_layer.clear();
    found = rows.directions.find(key);
  }
  return found == rows.directions.end() ? nullptr : &found->second;
}

AnswerJson number_of(const RunRows& rows, const Curve& curve) {
  const DirectionRow* direction = direction_of_curve(rows, curve.key);
  AnswerJson json;
  json["stream"] = name_of(curve.key.stream);
  json["reference"] = curve.key.reference;
  json["reference_layer"] = curve.key.reference_layer;
  json["measure"] = curve.key.measure;
  json["value"] = number_or_null(curve.latest());
  json["noise_floor"] = number_or_null(curve.noise_floor);
  json["standard_error"] = number_or_null(curve.standard_error);
  json["p_value"] = number_or_null(curve.p_value);
  json["unlike"] = curve.is_at_floor();
  json["status"] = name_of(curve.status);
  json["samples"] = curve.samples;
  json["effective_samples"] = curve.effective_samples;
  json["independent_samples"] = curve.independent_samples;
  json["samples_needed"] = number_or_null(curve.samples_needed);
  json["ranks"] = curve.ranks;
  json["direction"] = direction == nullptr ? AnswerJson(nullptr) : AnswerJson(direction->direction);
  json["slope"] = direction == nullptr ? AnswerJson(nullptr) : number_or_null(direction->slope);
  json["epoch"] = curve.points.back().epoch;
  json["line"] = curve.points.back().line;
  add_spark(json, curve);
  return json;
}

/// By layer: its numbers by all measures, the headline's first.
std::map<std::string, AnswerJson> numbers_of(const RunRows& rows) {
  std::map<std::string, AnswerJson> numbers;
  for (const std::string& measure : measures_of(rows)) {
    ShowOptions options;
    options.measure = measure;
    for (const CurveGroup& group : curve_groups(rows, options)) {
      for (const Curve* curve : group.own) {
        numbers[curve->key.layer].push_back(number_of(rows, *curve));
      }
    }
  }
  return numbers;
}

void add_verdict(AnswerJson& json, const VerdictRow& row, bool is_there) {
  json["verdict"] = is_there ? AnswerJson(row.verdict) : AnswerJson(nullptr);
  json["since_epoch"] = or_null(row.since_epoch);
  json["speed"] = number_or_null(row.speed);
  json["remaining"] = number_or_null(row.remaining);
  json["remaining_low"] = number_or_null(row.remaining_low);
  json["remaining_high"] = number_or_null(row.remaining_high);
  json["settling_epoch"] = number_or_null(row.settling_epoch);
  json["settling_epoch_low"] = number_or_null(row.settling_epoch_low);
  json["settling_epoch_high"] = number_or_null(row.settling_epoch_high);
  json["message"] = row.message;
  json["samples_needed"] = number_or_null(row.samples_needed);
}

AnswerJson alarms_on(const RunRows& rows, const std::string& layer) {
  AnswerJson alarms = AnswerJson::array();
  for (const VerdictRow& alarm : rows.alarms) {
    if (alarm.layer != layer) continue;
    alarms.push_back({{"verdict", alarm.verdict},
                      {"message", alarm.message},
                      {"since_epoch", or_null(alarm.since_epoch)}});
  }
  return alarms;
}

/// Of the trained network; that of the probe where there is one.
const LayerRow* health_of(const RunRows& rows, const std::string& layer) {
  const LayerRow* found = nullptr;
  for (const LayerRow& row : rows.layers) {
    if (row.layer != layer || (rows.facts && row.network != rows.facts->network)) continue;
    if (found == nullptr || row.stream == Stream::probe) found = &row;
  }
  return found;
}

}  // namespace

AnswerJson layers_answer(const RunRows& rows) {
  std::map<std::string, AnswerJson> numbers = numbers_of(rows);
  AnswerJson layers = AnswerJson::array();
  for (const std::string& layer : layers_in_order(rows)) {
    AnswerJson json;
    json["name"] = layer;
    const auto verdict = rows.verdicts.find(layer);
    const bool has_verdict = verdict != rows.verdicts.end();
    add_verdict(json, has_verdict ? verdict->second : VerdictRow{}, has_verdict);
    json["alarms"] = alarms_on(rows, layer);
    const LayerRow* health = health_of(rows, layer);
    json["features"] = health == nullptr ? AnswerJson(nullptr) : AnswerJson(health->features);
    json["dead"] = health == nullptr ? AnswerJson(nullptr) : AnswerJson(health->dead);
    json["effective_rank"] =
        health == nullptr ? AnswerJson(nullptr) : number_or_null(health->effective_rank);
    AnswerJson& own = numbers[layer];
    json["numbers"] = own.is_null() ? AnswerJson::array() : std::move(own);
    const std::string disagreement = disagreement_on(rows, layer);
    json["disagree"] = disagreement.empty() ? AnswerJson(nullptr) : AnswerJson(disagreement);
    layers.push_back(std::move(json));
  }
  return layers;
}

}  // namespace livecca::tool
