#include "serve/answers/health_answers.hpp"

#include <algorithm>

#include "runs/watching.hpp"
#include "serve/answers/answer_json.hpp"
#include "serve/answers/headline.hpp"

namespace livecca::tool {
namespace {

constexpr std::size_t most_overheads = 200;  // the latest

}  // namespace

std::string health_answer(const RunIndex& index) {
  const RunRows& rows = index.rows();
  AnswerJson json;
  json["layers"] = AnswerJson::array();
  for (const LayerRow& layer : rows.layers) json["layers"].push_back(json_of_row(layer));
  json["overhead"] = AnswerJson::array();
  const auto& overheads = index.overheads();
  const std::size_t first = overheads.size() - std::min(overheads.size(), most_overheads);
  for (std::size_t i = first; i < overheads.size(); ++i) {
    AnswerJson overhead = json_of_row(overheads[i].row);
    overhead["time"] = overheads[i].time;
    overhead["share"] = number_or_null(watching_of(overheads[i].row, rows.facts).share);
    json["overhead"].push_back(std::move(overhead));
  }
  json["drifts"] = AnswerJson::array();
  for (const auto& [key, drift] : rows.drifts) json["drifts"].push_back(json_of_row(drift));
  return text_of(json);
}

std::string events_answer(const RunIndex& index, std::uint64_t lines, const Query& query) {
  const std::uint64_t since = query.count("since").value_or(0);
  AnswerJson json;
  json["lines"] = lines;
  json["events"] = AnswerJson::array();
  for (const EventPlace& place : index.events()) {
    if (place.line <= since) continue;
    json["events"].push_back({{"line", place.line},
                              {"epoch", place.event.epoch},
                              {"time", place.time},
                              {"what", place.event.what},
                              {"subject", place.event.subject},
                              {"message", place.event.message},
                              {"count", place.event.count}});
  }
  json["alarms"] = AnswerJson::array();
  for (const AlarmPlace& place : index.alarms()) {
    if (place.line <= since) continue;
    const VerdictRow& alarm = place.alarm;
    json["alarms"].push_back({{"line", place.line},
                              {"epoch", alarm.epoch},
                              {"step", alarm.step},
                              {"stream", name_of(alarm.stream)},
                              {"layer", alarm.layer},
                              {"verdict", alarm.verdict},
                              {"message", alarm.message},
                              {"since_epoch", or_null(alarm.since_epoch)}});
  }
  return text_of(json);
}

}  // namespace livecca::tool
