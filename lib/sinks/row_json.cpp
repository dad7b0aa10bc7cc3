// Rows as lines of JSON, and back. fields() names every field of a row once, for both ways.

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/json_depth.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/line_checksum.hpp"
#include "sinks/row_fields.hpp"

namespace livecca {
namespace {

using row_fields::FieldReader;
using row_fields::FieldWriter;
using row_fields::Json;

template <typename Given, typename Row>
concept Of = std::same_as<std::remove_const_t<Given>, Row>;

// The kind of each row, and its fields in the order of docs/rows.md.

template <typename Row>
constexpr const char* kind_of = "event";
template <>
constexpr const char* kind_of<RunRow> = "run";
template <>
constexpr const char* kind_of<MeasureRow> = "measure";
template <>
constexpr const char* kind_of<SpectrumRow> = "spectrum";
template <>
constexpr const char* kind_of<LayerRow> = "layer";
template <>
constexpr const char* kind_of<DriftRow> = "drift";
template <>
constexpr const char* kind_of<VerdictRow> = "verdict";
template <>
constexpr const char* kind_of<DirectionRow> = "direction";
template <>
constexpr const char* kind_of<VerdictRecordRow> = "verdict_record";
template <>
constexpr const char* kind_of<LogRow> = "log";

/// Tells the events of an OverheadRow from others.
const std::string overhead_event = "overhead";

void fields(auto& field, Of<RunRow> auto& row) {
  field("livecca", row.version);
  field("network", row.network);
  field("measures", row.measures);
  field("keep_variance", row.keep_variance);
  field("partial_whitening_alpha", row.partial_whitening_alpha);
  field("positions_per_image", row.positions_per_image);
  field("seed", row.seed);
  field("threads", row.threads);
  field("precision", row.precision);
  field("instructions", row.instructions);
  field("max_features", row.max_features);
  field("feature_seed", row.feature_seed);
  field("error_blocks", row.error_blocks);
  field("moments_bytes", row.moments_bytes);
  field("pairing", row.pairing);
  field("train_window", row.train_window);
  field("probe_schedule", row.probe_schedule);
  field("train_schedule", row.train_schedule);
  field("overhead_budget", row.overhead_budget);
  field("synchronous", row.synchronous);
  field("packs", row.packs);
  field("notes", row.notes);
  field("taps", row.taps);
}

void fields(auto& field, Of<MeasureRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("stream", row.stream);
  field("layer", row.layer);
  field("reference", row.reference);
  field("reference_kind", row.reference_kind);
  field("reference_layer", row.reference_layer);
  field("measure", row.measure);
  field("value", row.value);
  field("noise_floor", row.noise_floor);
  field("standard_error", row.standard_error);
  field("p_value", row.p_value);
  field("samples_needed", row.samples_needed);
  field("samples", row.samples);
  field.images("effective_samples", row.effective_samples);
  field.images("independent_samples", row.independent_samples);
  field("samples_left_out", row.samples_left_out);
  field("features", row.features);
  field("features_of_taps", row.features_of_taps);
  field("ranks", row.ranks);
  field("window", row.window);
  field("precision", row.precision);
  field("modes", row.modes);
  field("status", row.status);
}

void fields(auto& field, Of<DriftRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("layer", row.layer);
  field("reference", row.reference);
  field("reference_layer", row.reference_layer);
  field("measure", row.measure);
  field("probe", row.probe);
  field("train", row.train);
  field("probe_noise_floor", row.probe_noise_floor);
  field("train_noise_floor", row.train_noise_floor);
  field.derived("drift", row.drift());
}

void fields(auto& field, Of<VerdictRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("stream", row.stream);
  field("layer", row.layer);
  field("verdict", row.verdict);
  field("reference", row.reference);
  field("reference_layer", row.reference_layer);
  field("measure", row.measure);
  field("since_epoch", row.since_epoch);
  field("speed", row.speed);
  field("exponent", row.exponent);
  field("remaining", row.remaining);
  field("remaining_low", row.remaining_low);
  field("remaining_high", row.remaining_high);
  field("settling_epoch", row.settling_epoch);
  field("settling_epoch_low", row.settling_epoch_low);
  field("settling_epoch_high", row.settling_epoch_high);
  field("moved", row.moved);
  field("snapshots", row.snapshots);
  field("samples_needed", row.samples_needed);
  field("learning_rate", row.learning_rate);
  field("message", row.message);
  field.older("slope", row.slope);
  field.older("slope_error", row.slope_error);
  field.older("error_source", row.error_source);
}

void fields(auto& field, Of<DirectionRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("stream", row.stream);
  field("layer", row.layer);
  field("reference", row.reference);
  field("reference_layer", row.reference_layer);
  field("measure", row.measure);
  field("direction", row.direction);
  field("slope", row.slope);
  field("slope_error", row.slope_error);
  field("error_source", row.error_source);
  field("snapshots", row.snapshots);
}

void fields(auto& field, Of<VerdictRecordRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("layer", row.layer);
  field("tolerance", row.tolerance);
  field("settled", row.settled);
  field("held", row.held);
  field("early", row.early);
  field("overtaken", row.overtaken);
  field("late", row.late);
  field("intervals", row.intervals);
  field("intervals_held", row.intervals_held);
  field("settling_epochs", row.settling_epochs);
  field("settling_epochs_held", row.settling_epochs_held);
}

void fields(auto& field, Of<SpectrumRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("stream", row.stream);
  field("layer", row.layer);
  field("reference", row.reference);
  field("reference_layer", row.reference_layer);
  field("canonical_correlations", row.canonical_correlations);
  field("weights", row.weights);
  field("status", row.status);
}

void fields(auto& field, Of<LayerRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("stream", row.stream);
  field("network", row.network);
  field("layer", row.layer);
  field("features", row.features);
  field("features_of_tap", row.features_of_tap);
  field("dead", row.dead);
  field("rank", row.rank);
  field("effective_rank", row.effective_rank);
  field("condition", row.condition);
  field("root_mean_square", row.root_mean_square);
  field("dtype", row.dtype);
  field("samples", row.samples);
  field.images("effective_samples", row.effective_samples);
  field("samples_left_out", row.samples_left_out);
  field("samples_nonfinite", row.samples_nonfinite);
}

void fields(auto& field, Of<Event> auto& row) {
  field("epoch", row.epoch);
  field("what", row.what);
  field("subject", row.subject);
  field("message", row.message);
  field("count", row.count);
}

void fields(auto& field, Of<OverheadRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field.derived("what", overhead_event);
  field("observe_seconds", row.observe_seconds);
  field("wait_seconds", row.wait_seconds);
  field("reference_seconds", row.reference_seconds);
  field("accumulate_seconds", row.accumulate_seconds);
  field("solve_seconds", row.solve_seconds);
  field("training_seconds", row.training_seconds);
  field("share", row.share);
  field("train_steps_observed", row.train_steps_observed);
  field("train_steps_dropped", row.train_steps_dropped);
  field("observe_every", row.observe_every);
  field("images_share", row.images_share);
  field("lines_lost", row.lines_lost);
  field("resumes", row.resumes);
}

void fields(auto& field, Of<LogRow> auto& row) {
  field("epoch", row.epoch);
  field("step", row.step);
  field("name", row.name);
  field("value", row.value);
}

template <typename Row>
std::string line_of(const Row& row, const std::string& run, double wall_time) {
  FieldWriter writer;
  writer("schema", rows_schema);
  writer("kind", std::string(kind_of<Row>));
  writer("run", run);
  writer("wall_time", wall_time);
  fields(writer, row);
  return std::move(writer).end();
}

/// What the names in a row say, for rows without fields of their own for it.
void derive(const Json& line, MeasureRow& row) {
  row.direction = row.measure.ends_with("_distance") ? Direction::distance : Direction::similarity;
  if (!line.contains("reference_kind")) row.reference_kind = kind_of_reference(row.reference);
}

void derive(const Json&, auto&) {}

template <typename Row>
Result<AnyRow> row_in(const Json& line) {
  Row row;
  FieldReader reader(line);
  fields(reader, row);
  if (!reader.wrong().empty()) {
    // In ASCII: a terminal acts on some other characters, and no character is cut in two.
    return Failure{"expected a row of kind " + std::string(kind_of<Row>) + ", got " +
                   reader.wrong() + " = " + line[reader.wrong()].dump(-1, ' ', true).substr(0, 40)};
  }
  derive(line, row);
  return AnyRow(std::move(row));
}

Result<AnyRow> any_row_in(const Json& line) {
  const std::string kind = line["kind"].get<std::string>();
  if (kind == kind_of<MeasureRow>) return row_in<MeasureRow>(line);
  if (kind == kind_of<SpectrumRow>) return row_in<SpectrumRow>(line);
  if (kind == kind_of<LayerRow>) return row_in<LayerRow>(line);
  if (kind == kind_of<DriftRow>) return row_in<DriftRow>(line);
  if (kind == kind_of<VerdictRow>) return row_in<VerdictRow>(line);
  if (kind == kind_of<DirectionRow>) return row_in<DirectionRow>(line);
  if (kind == kind_of<VerdictRecordRow>) return row_in<VerdictRecordRow>(line);
  if (kind == kind_of<RunRow>) return row_in<RunRow>(line);
  if (kind == kind_of<LogRow>) return row_in<LogRow>(line);
  if (kind != kind_of<Event>) return AnyRow();
  const auto what = line.find("what");
  const bool is_overhead = what != line.end() && *what == overhead_event;
  return is_overhead ? row_in<OverheadRow>(line) : row_in<Event>(line);
}

}  // namespace

std::string to_json(const MeasureRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const DriftRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const VerdictRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const VerdictRecordRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const DirectionRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const SpectrumRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const LayerRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const Event& event, const std::string& run, double wall_time) {
  return line_of(event, run, wall_time);
}

std::string to_json(const RunRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const OverheadRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

std::string to_json(const LogRow& row, const std::string& run, double wall_time) {
  return line_of(row, run, wall_time);
}

Result<RowLine> row_from_json(std::string_view line) {
  const Json json = parse_json<Json>(line);
  if (!json.is_object()) return Failure{"expected a JSON object, got other text"};
  if (is_damaged(line)) {
    return Failure{
        "expected a row of the checksum that it ends with, got another: it was damaged, or changed "
        "by another program"};
  }
  if (!json.contains("schema") || json["schema"] != rows_schema) {
    return Failure{"expected a row of schema " + std::to_string(rows_schema)};
  }
  if (!json.contains("kind") || !json["kind"].is_string()) {
    return Failure{"expected a row with its kind, got none"};
  }
  RowLine result;
  FieldReader reader(json);
  reader("run", result.run);
  reader("wall_time", result.wall_time);
  if (!reader.wrong().empty()) return Failure{"expected a row, got another " + reader.wrong()};
  auto row = any_row_in(json);
  if (!row) return Failure{row.why()};
  result.row = *std::move(row);
  result.text = line;
  return result;
}

}  // namespace livecca
