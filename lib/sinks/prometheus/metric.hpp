#pragma once

#include <array>
#include <cstdint>

namespace livecca {

/// What is exported, in the order of the page.
enum class Metric : std::uint8_t {
  build_info,
  run_info,
  run_closed,
  resumes,
  epoch,
  step,
  snapshot_time,
  measure,
  measure_noise_floor,
  measure_standard_error,
  measure_effective_samples,
  measure_status,
  drift,
  drift_of_sizes,
  verdict,
  settled_since_epoch,
  layer_speed,
  layer_remaining,
  layer_remaining_low,
  layer_remaining_high,
  motion_exponent,
  settling_epoch,
  settling_epoch_low,
  settling_epoch_high,
  verdict_record,
  direction,
  layer_rank,
  layer_effective_rank,
  layer_dead,
  layer_condition,
  layer_root_mean_square,
  layer_nonfinite_samples,
  log_value,
  overhead,
  overhead_seconds,
  training_seconds,
  train_steps_observed,
  train_steps_dropped,
  row_lines_lost,
  events,
};

/// A metric as its HELP and TYPE lines name it.
struct MetricFacts {
  Metric metric;
  const char* name;
  const char* type;
  const char* help;
};

/// Of a number that is no metric: without a name.
constexpr MetricFacts facts_of(Metric metric) {
  switch (metric) {
    case Metric::build_info:
      return {Metric::build_info, "livecca_build_info", "gauge",
              "Which livecca this is; always 1."};
    case Metric::run_info:
      return {Metric::run_info, "livecca_run_info", "gauge",
              "Which network the run watches, and how it multiplies; always 1."};
    case Metric::run_closed:
      return {Metric::run_closed, "livecca_run_closed", "gauge",
              "1 if the run has ended or was stopped, so that no more rows come."};
    case Metric::resumes:
      return {Metric::resumes, "livecca_resumes_total", "counter",
              "Times the run was taken up again."};
    case Metric::epoch:
      return {Metric::epoch, "livecca_epoch", "gauge", "The furthest epoch so far."};
    case Metric::step:
      return {Metric::step, "livecca_step", "gauge",
              "The furthest training step so far. If training does not count its steps: the "
              "observed ones."};
    case Metric::snapshot_time:
      return {Metric::snapshot_time, "livecca_last_snapshot_timestamp_seconds", "gauge",
              "Unix time of the stream's newest snapshot."};
    case Metric::measure:
      return {Metric::measure, "livecca_measure", "gauge",
              "Distance or similarity of a layer to its reference, as the measure's name says."};
    case Metric::measure_noise_floor:
      return {Metric::measure_noise_floor, "livecca_measure_noise_floor", "gauge",
              "What unrelated data of this size would give, on the scale of livecca_measure."};
    case Metric::measure_standard_error:
      return {Metric::measure_standard_error, "livecca_measure_standard_error", "gauge",
              "Standard error of livecca_measure, by the jackknife."};
    case Metric::measure_effective_samples:
      return {Metric::measure_effective_samples, "livecca_measure_effective_samples", "gauge",
              "Images, or the effective size of the window, behind livecca_measure."};
    case Metric::measure_status:
      return {Metric::measure_status, "livecca_measure_status", "gauge",
              "Whether the number can be used, as the label status; always 1."};
    case Metric::drift:
      return {Metric::drift, "livecca_drift", "gauge",
              "The train stream's livecca_measure less the probe's, of the newest snapshot."};
    case Metric::drift_of_sizes:
      return {Metric::drift_of_sizes, "livecca_drift_of_sizes", "gauge",
              "How large a livecca_drift the unequal sizes of the two windows alone may make."};
    case Metric::verdict:
      return {Metric::verdict, "livecca_verdict", "gauge",
              "What a layer is doing, as the label verdict; always 1."};
    case Metric::settled_since_epoch:
      return {Metric::settled_since_epoch, "livecca_settled_since_epoch", "gauge",
              "Epoch since which a layer counts as settled."};
    case Metric::layer_speed:
      return {Metric::layer_speed, "livecca_layer_speed", "gauge",
              "PWCCA distance that a layer moves an epoch; unrelated data have 1."};
    case Metric::layer_remaining:
      return {Metric::layer_remaining, "livecca_layer_remaining", "gauge",
              "Forecast of the PWCCA distance to where a layer ends."};
    case Metric::layer_remaining_low:
      return {
          Metric::layer_remaining_low, "livecca_layer_remaining_low", "gauge",
          "Lower end of the interval that should hold the distance to the end in 8 of 10 cases."};
    case Metric::layer_remaining_high:
      return {
          Metric::layer_remaining_high, "livecca_layer_remaining_high", "gauge",
          "Upper end of the interval that should hold the distance to the end in 8 of 10 cases."};
    case Metric::motion_exponent:
      return {Metric::motion_exponent, "livecca_layer_motion_exponent", "gauge",
              "How a layer's distance grows with the lag: 2 straight on, 1 as a random walk."};
    case Metric::settling_epoch:
      return {Metric::settling_epoch, "livecca_layer_settling_epoch", "gauge",
              "Epoch at which a layer is expected to settle, in runs whose forecasts came true."};
    case Metric::settling_epoch_low:
      return {
          Metric::settling_epoch_low, "livecca_layer_settling_epoch_low", "gauge",
          "First epoch of the interval that should hold the epoch of settling in 8 of 10 cases."};
    case Metric::settling_epoch_high:
      return {
          Metric::settling_epoch_high, "livecca_layer_settling_epoch_high", "gauge",
          "Last epoch of the interval that should hold the epoch of settling in 8 of 10 cases."};
    case Metric::verdict_record:
      return {
          Metric::verdict_record, "livecca_verdict_record", "gauge",
          "Snapshots at which settled held, was early, was overtaken or came late, as the label "
          "outcome; of a run that has ended."};
    case Metric::direction:
      return {Metric::direction, "livecca_direction", "gauge",
              "Whether a layer nears a reference, as the label direction; always 1."};
    case Metric::layer_rank:
      return {Metric::layer_rank, "livecca_layer_rank", "gauge", "Rank of a layer's activations."};
    case Metric::layer_effective_rank:
      return {Metric::layer_effective_rank, "livecca_layer_effective_rank", "gauge",
              "Effective rank of a layer's activations."};
    case Metric::layer_dead:
      return {Metric::layer_dead, "livecca_layer_dead_ratio", "gauge",
              "Share of a layer's neurons that did not vary."};
    case Metric::layer_condition:
      return {Metric::layer_condition, "livecca_layer_condition", "gauge",
              "Condition of a layer's covariance."};
    case Metric::layer_root_mean_square:
      return {Metric::layer_root_mean_square, "livecca_layer_root_mean_square", "gauge",
              "Root mean square of a layer's activations."};
    case Metric::layer_nonfinite_samples:
      return {Metric::layer_nonfinite_samples, "livecca_layer_nonfinite_samples", "gauge",
              "Samples of a layer that were not finite."};
    case Metric::log_value:
      return {Metric::log_value, "livecca_log_value", "gauge", "A number of the user's own."};
    case Metric::overhead:
      return {Metric::overhead, "livecca_overhead_ratio", "gauge",
              "Of the training threads' time, the share that watching took, without the probe's "
              "passes."};
    case Metric::overhead_seconds:
      return {Metric::overhead_seconds, "livecca_overhead_seconds_total", "counter",
              "Time that watching took: observe, wait and reference of training's threads, "
              "accumulate and "
              "solve of livecca's."};
    case Metric::training_seconds:
      return {Metric::training_seconds, "livecca_training_seconds_total", "counter",
              "Time that training itself took."};
    case Metric::train_steps_observed:
      return {Metric::train_steps_observed, "livecca_train_steps_observed_total", "counter",
              "Train steps that were looked at."};
    case Metric::train_steps_dropped:
      return {Metric::train_steps_dropped, "livecca_train_steps_dropped_total", "counter",
              "Train steps that found the queue full."};
    case Metric::row_lines_lost:
      return {Metric::row_lines_lost, "livecca_row_lines_lost_total", "counter",
              "Lines of rows.jsonl that could not be written."};
    case Metric::events:
      return {Metric::events, "livecca_events_total", "counter",
              "Events that cost numbers or explain them, by kind; repetitions are added when the "
              "run ends."};
  }
  return {metric, nullptr, nullptr, nullptr};
}

inline constexpr std::size_t metric_count = [] {
  std::size_t i = 0;
  while (facts_of(static_cast<Metric>(i)).name != nullptr) ++i;
  return i;
}();

/// A metric's number is its place.
inline constexpr std::array<MetricFacts, metric_count> all_metrics = [] {
  std::array<MetricFacts, metric_count> all{};
  for (std::size_t i = 0; i < metric_count; ++i) all[i] = facts_of(static_cast<Metric>(i));
  return all;
}();

}  // namespace livecca
