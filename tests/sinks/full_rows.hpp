#pragma once

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "livecca/sinks/rows_reader.hpp"

namespace livecca_tests {

/// Rows in which no field has its default.
inline livecca::MeasureRow full_measure() {
  return {.epoch = -3,
          .step = 71,
          .stream = livecca::Stream::train,
          .layer = "conv \"1\"\n",
          .reference = "seed7",
          .reference_kind = livecca::ReferenceKind::pack,
          .reference_layer = "head/fc",
          .measure = "pwcca_distance",
          .direction = livecca::Direction::distance,
          .value = 0.1,
          .noise_floor = 0.75,
          .standard_error = 1e-300,
          .p_value = 0.125,
          .samples_needed = 51200,
          .samples = 32000,
          .effective_samples = 1443.25,
          .samples_left_out = 5,
          .features = {64, 32},
          .features_of_taps = {4096, 33},
          .ranks = {60, 31},
          .window = "exponential of half-life 3",
          .precision = "fast",
          .modes = {"train", "eval"},
          .status = livecca::Status::nonfinite_rows};
}

inline livecca::SpectrumRow full_spectrum() {
  return {.epoch = 2,
          .step = 3,
          .stream = livecca::Stream::train,
          .layer = "a",
          .reference = "before-2",
          .reference_layer = "b",
          .canonical_correlations = {0.9999999999999999, 0.3, 0},
          .weights = {3, 0.1},
          .status = livecca::Status::undersampled};
}

inline livecca::LayerRow full_layer() {
  return {.epoch = 4,
          .step = 5,
          .stream = livecca::Stream::train,
          .network = "net",
          .layer = "a",
          .features = 64,
          .features_of_tap = 128,
          .dead = 3,
          .rank = 61,
          .effective_rank = 12.5,
          .condition = 1e18,
          .root_mean_square = 0.75,
          .dtype = "float16",
          .samples = 100,
          .effective_samples = 50,
          .samples_left_out = 7,
          .samples_nonfinite = 6};
}

inline livecca::VerdictRow full_verdict() {
  return {.epoch = 6,
          .step = 7,
          .stream = livecca::Stream::train,
          .layer = "a",
          .verdict = "settled",
          .reference = "seed7",
          .reference_layer = "b",
          .measure = "svcca_distance",
          .since_epoch = -1,
          .speed = 0.0625,
          .exponent = 1.25,
          .remaining = 0.03,
          .remaining_low = 0.01,
          .remaining_high = 0.09,
          .settling_epoch = 12.5,
          .settling_epoch_low = 9,
          .settling_epoch_high = 20,
          .moved = {std::nullopt, 0.5},
          .snapshots = 5,
          .samples_needed = 640,
          .learning_rate = 0.05,
          .message = "for people",
          .slope = -0.01,
          .slope_error = 0.002,
          .error_source = "jackknife"};
}

inline livecca::DirectionRow full_direction() {
  return {.epoch = 6,
          .step = 7,
          .stream = livecca::Stream::train,
          .layer = "a",
          .reference = "seed7",
          .reference_layer = "b",
          .measure = "svcca_distance",
          .direction = "nearing",
          .slope = -0.01,
          .slope_error = 0.002,
          .error_source = "jackknife",
          .snapshots = 5};
}

inline livecca::VerdictRecordRow full_verdict_record() {
  return {.epoch = 6,
          .step = 7,
          .layer = "a",
          .tolerance = 0.05,
          .settled = 10,
          .held = 7,
          .early = 2,
          .overtaken = 1,
          .late = 3,
          .intervals = 8,
          .intervals_held = 6,
          .settling_epochs = 5,
          .settling_epochs_held = 4};
}

inline livecca::OverheadRow full_overhead() {
  return {.epoch = 8,
          .step = 9,
          .observe_seconds = 0.1,
          .wait_seconds = 0.2,
          .reference_seconds = 0.3,
          .accumulate_seconds = 0.4,
          .solve_seconds = 0.5,
          .training_seconds = 60,
          .share = 0.025,
          .train_steps_observed = 10,
          .train_steps_dropped = 1,
          .observe_every = 4,
          .images_share = 0.5,
          .lines_lost = 2,
          .resumes = 3};
}

inline livecca::RunRow full_run() {
  return {.version = "0.1.0",
          .network = "net",
          .measures = {"pwcca", "linear_cka"},
          .keep_variance = 0.99,
          .partial_whitening_alpha = 0.5,
          .positions_per_image = 16,
          .seed = 18446744073709551615U,
          .threads = 2,
          .precision = "exact",
          .instructions = "avx2",
          .max_features = 2048,
          .feature_seed = 11,
          .error_blocks = 10,
          .moments_bytes = 8416,
          .pairing = "by name",
          .train_window = "since_snapshot",
          .probe_schedule = "every epoch",
          .train_schedule = "every 10 steps",
          .overhead_budget = 0.02,
          .synchronous = true,
          .packs = {{"wide", "w.safetensors"}, {"deep", "d.safetensors"}},
          .notes = {{"z", "last"}, {"a", "first"}},
          .taps = {{"net", "conv1", "nchw"}, {"wide", "fc", "nc"}}};
}

inline std::vector<livecca::AnyRow> one_of_each() {
  return {full_run(),
          full_measure(),
          full_spectrum(),
          full_layer(),
          livecca::DriftRow{1, 2, "a", "seed7", "b", "pwcca_distance", 0.25, 0.375, 0.75, 0.875},
          full_verdict(),
          full_direction(),
          full_verdict_record(),
          livecca::LogRow{.epoch = 1, .step = 2, .name = "loss", .value = 0.1},
          livecca::Event{1, "missing", "net/a", "it was not fed", 3},
          full_overhead()};
}

inline std::string text_of(const livecca::AnyRow& any, const std::string& run = "first",
                           double wall_time = 12.5) {
  return std::visit(
      [&](const auto& row) {
        if constexpr (std::is_same_v<decltype(row), const std::monostate&>)
          return std::string();
        else
          return to_json(row, run, wall_time);
      },
      any);
}

inline livecca::AnyRow log_of(double value) {
  return livecca::LogRow{.name = "loss", .value = value};
}

}  // namespace livecca_tests
