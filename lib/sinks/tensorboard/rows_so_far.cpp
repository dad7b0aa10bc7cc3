#include "sinks/tensorboard/rows_so_far.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

using Json = nlohmann::json;

std::string text(const Json& row, const char* field) {
  const auto found = row.find(field);
  return found != row.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<double> number(const Json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

template <typename Integer>
Integer integer(const Json& row, const char* field) {
  const auto found = row.find(field);
  return found != row.end() && found->is_number_integer() ? found->get<Integer>() : Integer{0};
}

/// The fields that every row of a snapshot has.
template <typename Row>
Row placed_row(const Json& json) {
  Row row;
  row.epoch = integer<std::int64_t>(json, "epoch");
  row.step = integer<std::uint64_t>(json, "step");
  row.stream = text(json, "stream");
  row.layer = text(json, "layer");
  return row;
}

MeasureRow measure_row(const Json& json) {
  auto row = placed_row<MeasureRow>(json);
  row.reference = text(json, "reference");
  row.reference_layer = text(json, "reference_layer");
  row.measure = text(json, "measure");
  row.value = number(json, "value");
  row.noise_floor = number(json, "noise_floor");
  return row;
}

LayerRow layer_row(const Json& json) {
  auto row = placed_row<LayerRow>(json);
  row.network = text(json, "network");
  return row;
}

VerdictRow verdict_row(const Json& json) {
  auto row = placed_row<VerdictRow>(json);
  row.message = text(json, "message");
  return row;
}

LogRow log_row(const Json& json) {
  LogRow row;
  row.epoch = integer<std::int64_t>(json, "epoch");
  row.step = integer<std::uint64_t>(json, "step");
  row.name = text(json, "name");
  return row;
}

OverheadRow overhead_row(const Json& json) {
  OverheadRow row;
  row.epoch = integer<std::int64_t>(json, "epoch");
  row.step = integer<std::uint64_t>(json, "step");
  return row;
}

Event event_of(const Json& json) {
  Event event;
  event.epoch = integer<std::int64_t>(json, "epoch");
  event.what = text(json, "what");
  event.subject = text(json, "subject");
  event.message = text(json, "message");
  event.count = integer<std::uint64_t>(json, "count");
  return event;
}

RunRow run_row(const Json& json) {
  RunRow row;
  row.network = text(json, "network");
  for (const Json& measure : json.value("measures", Json::array())) {
    if (measure.is_string()) row.measures.push_back(measure.get<std::string>());
  }
  for (const Json& tap : json.value("taps", Json::array())) {
    if (tap.is_object()) row.taps.push_back({text(tap, "network"), text(tap, "layer"), ""});
  }
  return row;
}

void visit(const Json& json, const RowVisitor& visitor) {
  const std::string kind = text(json, "kind");
  if (kind == "run") visitor.run(run_row(json));
  if (kind == "measure") visitor.measure(measure_row(json));
  if (kind == "layer") visitor.layer(layer_row(json));
  if (kind == "verdict") visitor.verdict(verdict_row(json));
  if (kind == "log") visitor.log(log_row(json));
  if (kind != "event") return;
  if (text(json, "what") == "overhead") {
    visitor.overhead(overhead_row(json));
  } else {
    visitor.event(event_of(json));
  }
}

}  // namespace

void read_rows(const SinkRun& run, const RowVisitor& visitor) {
  const std::filesystem::path path = run.folder / "rows.jsonl";
  std::error_code failure;
  if (std::filesystem::status(path, failure).type() == std::filesystem::file_type::not_found) {
    return;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw Error(path.string() + ": expected to read the rows so far, got an error on opening");
  }
  for (std::string line; std::getline(file, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) continue;
    const bool is_new = number(json, "wall_time").value_or(0) > run.saved_wall_time ||
                        integer<std::uint64_t>(json, "step") > run.step;
    if (!is_new) visit(json, visitor);
  }
  if (file.bad()) {
    throw Error(path.string() + ": expected to read the rows so far, got an error on reading");
  }
}

}  // namespace livecca
