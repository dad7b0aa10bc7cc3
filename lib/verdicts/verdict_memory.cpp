#include "verdicts/verdict_memory.hpp"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/enum_names.hpp"
#include "common/json_depth.hpp"
#include "common/json_numbers.hpp"
#include "livecca/common/error.hpp"
#include "verdicts/layer_course_json.hpp"

namespace livecca {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 2;

Stream stream_in(const Json& json) {
  const auto stream = enum_named<Stream>(json.at("stream").get<std::string>());
  if (!stream) throw Error("another stream than probe and train");
  return *stream;
}

Json json_of(const CurvePoint& point) {
  Json halves = Json::array();
  for (const HalfValue& half : point.halves) halves.push_back({half.value, half.share});
  return {{"snapshot", point.snapshot},
          {"epoch", point.epoch},
          {"value", point.value},
          {"noise_floor", or_null<Json>(point.noise_floor)},
          {"standard_error", or_null<Json>(point.standard_error)},
          {"halves", std::move(halves)}};
}

CurvePoint point_in(const Json& json) {
  CurvePoint point;
  point.snapshot = whole_number<std::uint64_t>(json.at("snapshot"));
  point.epoch = whole_number<std::int64_t>(json.at("epoch"));
  point.value = json.at("value").get<double>();
  point.noise_floor = number_or_none(json.at("noise_floor"));
  point.standard_error = number_or_none(json.at("standard_error"));
  for (const Json& half : json.at("halves")) {
    point.halves.push_back({half.at(0).get<double>(), half.at(1).get<double>()});
  }
  return point;
}

Json json_of(const Conditions& conditions) {
  return {{"samples", conditions.samples},
          {"noise_floor", or_null<Json>(conditions.noise_floor)},
          {"features", conditions.features},
          {"modes", conditions.modes}};
}

Conditions conditions_in(const Json& json) {
  Conditions conditions;
  conditions.samples = json.at("samples").get<double>();
  conditions.noise_floor = number_or_none(json.at("noise_floor"));
  for (std::size_t side = 0; side < conditions.features.size(); ++side) {
    conditions.features[side] = whole_number<std::size_t>(json.at("features").at(side));
    conditions.modes[side] = json.at("modes").at(side).get<std::string>();
  }
  return conditions;
}

Json json_of(const CurveName& name, const Curve& curve) {
  Json points = Json::array();
  for (const CurvePoint& point : curve.points) points.push_back(json_of(point));
  return {{"stream", name_of(name.stream)},
          {"layer", name.layer},
          {"reference", name.reference},
          {"reference_layer", name.reference_layer},
          {"measure", name.measure},
          {"conditions", curve.conditions ? json_of(*curve.conditions) : Json(nullptr)},
          {"points", std::move(points)}};
}

Json json_of(const std::string& layer, const MotionCourse& course) {
  Json expected = Json::array();
  for (const ExpectedSettling& one : course.expected) expected.push_back({one.low, one.high});
  Json latest = Json::array();
  for (const Motion& motion : course.latest) {
    Json moved = Json::array();
    for (const auto& distance : motion.moved) moved.push_back(or_null<Json>(distance));
    latest.push_back(
        {{"snapshot", motion.snapshot}, {"epoch", motion.epoch}, {"moved", std::move(moved)}});
  }
  return {{"layer", layer},
          {"settled_since", or_null<Json>(course.settled_since)},
          {"doubts", course.doubts},
          {"is_wandering", course.is_wandering},
          {"turns", course.turns},
          {"latest", std::move(latest)},
          {"expected", std::move(expected)}};
}

void add_motions(const Json& json, VerdictMemory& memory) {
  MotionCourse course;
  const Json& since = json.at("settled_since");
  if (!since.is_null()) course.settled_since = whole_number<std::int64_t>(since);
  course.doubts = whole_number<std::uint64_t>(json.at("doubts"));
  course.is_wandering = json.at("is_wandering").get<bool>();
  course.turns = whole_number<std::uint64_t>(json.at("turns"));
  for (const Json& one : json.at("expected")) {
    course.expected.push_back(
        {whole_number<std::uint64_t>(one.at(0)), whole_number<std::uint64_t>(one.at(1))});
  }
  for (const Json& entry : json.at("latest")) {
    Motion motion;
    motion.snapshot = whole_number<std::uint64_t>(entry.at("snapshot"));
    motion.epoch = whole_number<std::int64_t>(entry.at("epoch"));
    const Json& moved = entry.at("moved");
    if (moved.size() != motion.moved.size()) throw Error("another number of lags");
    for (std::size_t i = 0; i < motion.moved.size(); ++i)
      motion.moved[i] = number_or_none(moved[i]);
    if (!course.latest.empty() && motion.snapshot <= course.latest.back().snapshot) {
      throw Error("motions that do not ascend");
    }
    remember(course, motion);
  }
  memory.motions.emplace(json.at("layer").get<std::string>(), std::move(course));
}

void add_curve(const Json& json, VerdictMemory& memory) {
  CurveName name;
  name.stream = stream_in(json);
  name.layer = json.at("layer").get<std::string>();
  name.reference = json.at("reference").get<std::string>();
  name.reference_layer = json.at("reference_layer").get<std::string>();
  name.measure = json.at("measure").get<std::string>();
  Curve curve;
  if (const auto found = json.find("conditions"); found != json.end() && !found->is_null()) {
    curve.conditions = conditions_in(*found);
  }
  for (const Json& point : json.at("points")) {
    curve.points.push_back(point_in(point));
    // Slopes divide by the distances between them.
    if (curve.points.size() > 1 &&
        curve.points.back().snapshot <= curve.points[curve.points.size() - 2].snapshot) {
      throw Error("snapshots that do not ascend");
    }
  }
  memory.curves.emplace(std::move(name), std::move(curve));
}

VerdictMemory memory_in(const Json& json) {
  if (json.at("version") != version) throw Error("another version");
  VerdictMemory memory;
  for (const Json& stream : json.at("streams")) {
    memory.snapshots[stream_in(stream)] = whole_number<std::uint64_t>(stream.at("snapshots"));
  }
  for (const Json& curve : json.at("curves")) add_curve(curve, memory);
  for (const Json& course : json.at("motions")) add_motions(course, memory);
  memory.learning_rate = number_or_none(json.at("learning_rate"));
  const auto largest = json.find("largest_rate");
  memory.largest_rate =
      largest == json.end() ? memory.learning_rate.value_or(0) : largest->get<double>();
  const Json& settlings = json.at("settlings");
  memory.settlings = {whole_number<std::uint64_t>(settlings.at(0)),
                      whole_number<std::uint64_t>(settlings.at(1))};
  for (const Json& loss : json.at("losses")) {
    memory.losses[stream_in(loss)] = loss_course_from(loss.at("loss"));
  }
  for (const Json& layer : json.at("layers")) {
    memory.layers[{stream_in(layer), layer.at("layer").get<std::string>()}] =
        layer_course_from(layer.at("course"));
  }
  return memory;
}

}  // namespace

std::string to_json(const VerdictMemory& memory) {
  Json streams = Json::array();
  for (const auto& [stream, snapshots] : memory.snapshots) {
    streams.push_back({{"stream", name_of(stream)}, {"snapshots", snapshots}});
  }
  Json curves = Json::array();
  for (const auto& [name, curve] : memory.curves) curves.push_back(json_of(name, curve));
  Json motions = Json::array();
  for (const auto& [layer, course] : memory.motions) motions.push_back(json_of(layer, course));
  Json layers = Json::array();
  for (const auto& [name, course] : memory.layers) {
    layers.push_back(
        {{"stream", name_of(name.first)}, {"layer", name.second}, {"course", to_json(course)}});
  }
  Json losses = Json::array();
  for (const auto& [stream, loss] : memory.losses) {
    losses.push_back({{"stream", name_of(stream)}, {"loss", to_json(loss)}});
  }
  const Json json{{"version", version},
                  {"streams", std::move(streams)},
                  {"curves", std::move(curves)},
                  {"motions", std::move(motions)},
                  {"learning_rate", or_null<Json>(memory.learning_rate)},
                  {"largest_rate", memory.largest_rate},
                  {"settlings", {memory.settlings.judged, memory.settlings.held}},
                  {"losses", std::move(losses)},
                  {"layers", std::move(layers)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<VerdictMemory> verdict_memory_from(const std::string& json) {
  const auto refuse = [](const std::exception& failure) {
    return Failure{"verdicts: expected a state of version " + std::to_string(version) +
                   ", got: " + failure.what()};
  };
  try {
    return memory_in(parse_json<Json>(json));
  } catch (const nlohmann::json::exception& failure) {
    return refuse(failure);
  } catch (const Error& failure) {
    return refuse(failure);
  } catch (const std::range_error& failure) {
    return refuse(failure);
  }
}

}  // namespace livecca
