#include "serve/answers/run_answer.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "common/utf8.hpp"
#include "runs/layer_lines.hpp"
#include "runs/sentence.hpp"
#include "runs/watching.hpp"
#include "serve/answers/headline.hpp"
#include "serve/answers/layer_answer.hpp"
#include "show/layer_verdicts.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

AnswerJson headline_json(const RunRows& rows) {
  const auto headline = headline_of(rows);
  if (!headline) return nullptr;
  return {{"stream", name_of(headline->stream)},
          {"reference", headline->reference},
          {"measure", headline->measure}};
}

AnswerJson parts_json(const Sentence& sentence) {
  AnswerJson parts = AnswerJson::array();
  for (const SentencePart& part : sentence.parts) {
    parts.push_back({{"text", part.text}, {"kind", name_of(part.kind)}, {"layers", part.layers}});
  }
  return parts;
}

/// Tells what a client need not ask for again. Null while nobody knows the lines.
AnswerJson last_lines_of(const RunIndex& index) {
  // In the order of AnyRow. Overhead is an event in the file.
  constexpr std::array<const char*, std::variant_size_v<AnyRow>> names{
      "unknown", "run",       "measure",        "spectrum", "layer", "drift",
      "verdict", "direction", "verdict_record", "log",      "event", "overhead"};
  if (!index.has_all()) return nullptr;
  AnswerJson lines;
  for (std::size_t kind = 0; kind < names.size(); ++kind) {
    lines[names[kind]] = index.last_lines()[kind];
  }
  lines["alarm"] = index.alarms().empty() ? 0 : index.alarms().back().line;
  return lines;
}

AnswerJson strip_of(const RunIndex& index) {
  const RunRows& rows = index.rows();
  const auto& overhead = rows.overhead;
  AnswerJson strip;
  strip["epoch"] = rows.epochs.empty() ? AnswerJson(nullptr) : AnswerJson(*rows.epochs.rbegin());
  strip["step"] = or_null(index.last_step());
  strip["elapsed_seconds"] = std::max(0.0, rows.wall_time - rows.first_time);
  strip["overhead_share"] =
      overhead ? number_or_null(watching_of(*overhead, rows.facts).share) : AnswerJson(nullptr);
  strip["train_steps_dropped"] = rows.train_steps_dropped;
  strip["lines_lost"] = overhead ? overhead->lines_lost : 0;
  strip["nonfinite_snapshots"] = index.nonfinite_snapshots();
  strip["resumes"] = overhead ? overhead->resumes : 0;
  return strip;
}

AnswerJson record_of(const RunRows& rows) {
  const std::string text = record_line(rows.verdict_records);
  if (text.empty()) return nullptr;
  AnswerJson record = json_of_row(rows.verdict_records.front());
  record["text"] = text;
  return record;
}

AnswerJson history_of(const RunIndex& index) {
  AnswerJson history = AnswerJson::array();
  if (!index.has_all()) return history;  // nobody knows yet when verdicts began
  for (const VerdictSpan& span : index.verdict_history()) {
    history.push_back({{"layer", span.layer},
                       {"verdict", span.verdict},
                       {"from_epoch", span.from_epoch},
                       {"to_epoch", span.to_epoch}});
  }
  return history;
}

}  // namespace

AnswerJson summary_of(const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
  const RunRows& rows = index.rows();
  const Sentence sentence = sentence_of(rows);
  const auto settled = std::ranges::count_if(
      rows.verdicts, [](const auto& entry) { return entry.second.verdict == "settled"; });
  AnswerJson json;
  json["id"] = run.id();
  json["name"] = rows.run.empty() ? valid_utf8(run.folder().filename().string()) : rows.run;
  json["folder"] = run.shown_folder();
  json["state"] = name_of(run.state(index));
  json["writer_gone"] = run.has_died(index);
  json["lines"] = lines;
  json["last_lines"] = last_lines_of(index);
  json["read"] = run.share_read();
  json["first_time"] = rows.wall_time == 0 ? AnswerJson(nullptr) : AnswerJson(rows.first_time);
  json["last_time"] = rows.wall_time == 0 ? AnswerJson(nullptr) : AnswerJson(rows.wall_time);
  json["epoch"] = rows.epochs.empty() ? AnswerJson(nullptr) : AnswerJson(*rows.epochs.rbegin());
  json["step"] = or_null(index.last_step());
  json["layers"] = layers_in_order(rows).size();
  json["settled"] = settled;
  json["sentence"] = sentence.text();
  json["parts"] = parts_json(sentence);
  json["alarms"] = rows.alarms.size();
  json["headline"] = headline_json(rows);
  return json;
}

AnswerJson run_answer(const GrowingRun& run, const RunIndex& index, std::uint64_t lines) {
  const RunRows& rows = index.rows();
  AnswerJson json = summary_of(run, index, lines);
  json["facts"] = rows.facts ? json_of_row(*rows.facts) : AnswerJson(nullptr);
  json["streams"] = AnswerJson::array();
  for (const Stream stream : streams_of(rows)) json["streams"].push_back(name_of(stream));
  json["references"] = AnswerJson::array();
  for (const Reference& reference : references_of(rows)) {
    json["references"].push_back({{"name", reference.name}, {"kind", name_of(reference.kind)}});
  }
  json["measures"] = measures_of(rows);
  // SUMMARY has their number under this name.
  json["layers"] = layers_answer(rows);
  json["strip"] = strip_of(index);
  json["record"] = record_of(rows);
  json["logs"] = AnswerJson::array();
  for (const LogCurve& log : rows.logs) json["logs"].push_back(log.name);
  json["verdict_history"] = history_of(index);
  return json;
}

}  // namespace livecca::tool
