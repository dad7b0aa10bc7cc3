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
  verdict,
  settled_since_epoch,
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

inline constexpr std::array<MetricFacts, 29> all_metrics{{
    {Metric::build_info, "livecca_build_info", "gauge", "Which livecca this is; always 1."},
    {Metric::run_info, "livecca_run_info", "gauge",
     "Which network the run watches, and how it multiplies; always 1."},
    {Metric::run_closed, "livecca_run_closed", "gauge",
     "1 once nothing more comes: the run ended or was left off."},
    {Metric::resumes, "livecca_resumes_total", "counter", "Times the run was taken up again."},
    {Metric::epoch, "livecca_epoch", "gauge", "The furthest epoch so far."},
    {Metric::step, "livecca_step", "gauge",
     "The furthest training step so far; steps committed where training does not tell."},
    {Metric::snapshot_time, "livecca_last_snapshot_timestamp_seconds", "gauge",
     "Unix time of the stream's newest snapshot."},
    {Metric::measure, "livecca_measure", "gauge",
     "Distance or similarity of a layer to its reference, as the measure's name says."},
    {Metric::measure_noise_floor, "livecca_measure_noise_floor", "gauge",
     "What unrelated data of this size would give, on the scale of livecca_measure."},
    {Metric::measure_standard_error, "livecca_measure_standard_error", "gauge",
     "Standard error of livecca_measure, by the jackknife."},
    {Metric::measure_effective_samples, "livecca_measure_effective_samples", "gauge",
     "Images, or the effective size of the window, behind livecca_measure."},
    {Metric::measure_status, "livecca_measure_status", "gauge",
     "Whether the number can be used, as the label status; always 1."},
    {Metric::drift, "livecca_drift", "gauge",
     "The train stream's livecca_measure less the probe's, of the newest snapshot."},
    {Metric::verdict, "livecca_verdict", "gauge",
     "What a layer is doing, as the label verdict; always 1."},
    {Metric::settled_since_epoch, "livecca_settled_since_epoch", "gauge",
     "Epoch since which a settled layer has not moved."},
    {Metric::layer_rank, "livecca_layer_rank", "gauge", "Rank of a layer's activations."},
    {Metric::layer_effective_rank, "livecca_layer_effective_rank", "gauge",
     "Effective rank of a layer's activations."},
    {Metric::layer_dead, "livecca_layer_dead_ratio", "gauge",
     "Share of a layer's neurons that did not vary."},
    {Metric::layer_condition, "livecca_layer_condition", "gauge",
     "Condition of a layer's covariance."},
    {Metric::layer_root_mean_square, "livecca_layer_root_mean_square", "gauge",
     "Root mean square of a layer's activations."},
    {Metric::layer_nonfinite_samples, "livecca_layer_nonfinite_samples", "gauge",
     "Samples of a layer that were not finite."},
    {Metric::log_value, "livecca_log_value", "gauge", "A number of the user's own."},
    {Metric::overhead, "livecca_overhead_ratio", "gauge",
     "What watching took, beside the probe's passes, over training's time."},
    {Metric::overhead_seconds, "livecca_overhead_seconds_total", "counter",
     "Time that watching took: observe, wait and reference of training's threads, accumulate and "
     "solve of livecca's."},
    {Metric::training_seconds, "livecca_training_seconds_total", "counter",
     "Time that training itself took."},
    {Metric::train_steps_observed, "livecca_train_steps_observed_total", "counter",
     "Train steps that were looked at."},
    {Metric::train_steps_dropped, "livecca_train_steps_dropped_total", "counter",
     "Train steps that found the queue full."},
    {Metric::row_lines_lost, "livecca_row_lines_lost_total", "counter",
     "Lines of rows.jsonl that could not be written."},
    {Metric::events, "livecca_events_total", "counter",
     "Events that cost numbers or explain them, by kind; repetitions are added when the run ends."},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < all_metrics.size(); ++i) {
    if (static_cast<std::size_t>(all_metrics[i].metric) != i) return false;
  }
  return true;
}
static_assert(is_in_order(), "facts are found by a metric's number");

}  // namespace livecca
