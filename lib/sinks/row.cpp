#include "livecca/sinks/row.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace livecca {
namespace {

using Json = nlohmann::ordered_json;

// Bumped when a reader of version 1 would misread a line.
constexpr int schema = 1;

Json begin_row(const char* kind, const std::string& run, double wall_time) {
  return {{"schema", schema}, {"kind", kind}, {"run", run}, {"wall_time", wall_time}};
}

Json number_or_null(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

/// Without a fraction where it has none: it counts images then.
Json count(double value) {
  if (value >= 0 && value < 1e15 && value == std::floor(value)) {
    return static_cast<std::uint64_t>(value);
  }
  return number_or_null(value);
}

/// Layer names are the user's and may hold any bytes; those that are not UTF-8 are replaced.
std::string text_of(const Json& row) {
  return row.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const MeasureRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("measure", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["stream"] = row.stream;
  json["layer"] = row.layer;
  json["reference"] = row.reference;
  json["reference_layer"] = row.reference_layer;
  json["measure"] = row.measure;
  json["value"] = number_or_null(row.value);
  json["noise_floor"] = number_or_null(row.noise_floor);
  json["standard_error"] = number_or_null(row.standard_error);
  json["samples"] = row.samples;
  json["effective_samples"] = count(row.effective_samples);
  json["samples_left_out"] = row.samples_left_out;
  json["features"] = row.features;
  json["features_of_taps"] = row.features_of_taps;
  json["ranks"] = row.ranks;
  json["window"] = row.window;
  json["precision"] = row.precision;
  json["modes"] = row.modes;
  json["status"] = name_of(row.status);
  return text_of(json);
}

std::string to_json(const DriftRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("drift", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["layer"] = row.layer;
  json["reference"] = row.reference;
  json["reference_layer"] = row.reference_layer;
  json["measure"] = row.measure;
  json["probe"] = number_or_null(row.probe);
  json["train"] = number_or_null(row.train);
  json["drift"] = number_or_null(row.drift());
  return text_of(json);
}

std::string to_json(const VerdictRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("verdict", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["stream"] = row.stream;
  json["layer"] = row.layer;
  json["verdict"] = row.verdict;
  json["reference"] = row.reference;
  json["reference_layer"] = row.reference_layer;
  json["measure"] = row.measure;
  json["since_epoch"] = row.since_epoch ? Json(*row.since_epoch) : Json(nullptr);
  json["slope"] = number_or_null(row.slope);
  json["slope_error"] = number_or_null(row.slope_error);
  json["error_source"] = row.error_source;
  json["snapshots"] = row.snapshots;
  json["message"] = row.message;
  return text_of(json);
}

std::string to_json(const SpectrumRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("spectrum", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["stream"] = row.stream;
  json["layer"] = row.layer;
  json["reference"] = row.reference;
  json["reference_layer"] = row.reference_layer;
  json["canonical_correlations"] = row.canonical_correlations;
  json["weights"] = row.weights;
  json["status"] = name_of(row.status);
  return text_of(json);
}

std::string to_json(const LayerRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("layer", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["stream"] = row.stream;
  json["network"] = row.network;
  json["layer"] = row.layer;
  json["features"] = row.features;
  json["features_of_tap"] = row.features_of_tap;
  json["dead"] = row.dead;
  json["rank"] = row.rank;
  json["effective_rank"] = number_or_null(row.effective_rank);
  json["condition"] = number_or_null(row.condition);
  json["root_mean_square"] = number_or_null(row.root_mean_square);
  json["samples"] = row.samples;
  json["effective_samples"] = count(row.effective_samples);
  json["samples_left_out"] = row.samples_left_out;
  json["samples_nonfinite"] = row.samples_nonfinite;
  return text_of(json);
}

std::string to_json(const Event& event, const std::string& run, double wall_time) {
  Json json = begin_row("event", run, wall_time);
  json["epoch"] = event.epoch;
  json["what"] = event.what;
  json["subject"] = event.subject;
  json["message"] = event.message;
  json["count"] = event.count;
  return text_of(json);
}

std::string to_json(const RunRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("run", run, wall_time);
  json["livecca"] = LIVECCA_VERSION;
  json["network"] = row.network;
  json["measures"] = row.measures;
  json["keep_variance"] = row.keep_variance;
  json["partial_whitening_alpha"] = row.partial_whitening_alpha;
  json["positions_per_image"] = row.positions_per_image;
  json["seed"] = row.seed;
  json["threads"] = row.threads;
  json["precision"] = row.precision;
  json["max_features"] = row.max_features;
  json["feature_seed"] = row.feature_seed;
  json["error_blocks"] = row.error_blocks;
  json["moments_bytes"] = row.moments_bytes;
  json["pairing"] = row.pairing;
  json["train_window"] = row.train_window;
  json["probe_schedule"] = row.probe_schedule;
  json["train_schedule"] = row.train_schedule;
  json["overhead_budget"] = row.overhead_budget;
  json["synchronous"] = row.synchronous;
  json["packs"] = Json::object();
  for (const auto& [name, file] : row.packs) json["packs"][name] = file;
  json["notes"] = Json::object();
  for (const auto& [name, value] : row.notes) json["notes"][name] = value;
  json["taps"] = Json::array();
  for (const RunRow::Tap& tap : row.taps) {
    json["taps"].push_back(
        {{"network", tap.network}, {"layer", tap.layer}, {"layout", tap.layout}});
  }
  return text_of(json);
}

std::string to_json(const OverheadRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("event", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["what"] = "overhead";
  json["observe_seconds"] = row.observe_seconds;
  json["wait_seconds"] = row.wait_seconds;
  json["reference_seconds"] = row.reference_seconds;
  json["accumulate_seconds"] = row.accumulate_seconds;
  json["solve_seconds"] = row.solve_seconds;
  json["training_seconds"] = number_or_null(row.training_seconds);
  json["share"] = number_or_null(row.share);
  json["train_steps_observed"] = row.train_steps_observed;
  json["train_steps_dropped"] = row.train_steps_dropped;
  json["observe_every"] = row.observe_every;
  json["images_share"] = row.images_share;
  json["lines_lost"] = row.lines_lost;
  json["resumes"] = row.resumes;
  return text_of(json);
}

std::string to_json(const LogRow& row, const std::string& run, double wall_time) {
  Json json = begin_row("log", run, wall_time);
  json["epoch"] = row.epoch;
  json["step"] = row.step;
  json["name"] = row.name;
  json["value"] = number_or_null(row.value);
  return text_of(json);
}

}  // namespace livecca
