#include "sinks/prometheus/run_metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace livecca {
namespace {

/// Kinds of events that are counted from 0 on: those that cost numbers.
constexpr const char* kinds_from_zero[]{"missing", "step_dropped", "write_failed", "sink_failed"};

/// Only where it tells more than the layer does.
void add_reference_layer(Labels& labels, const std::string& layer,
                         const std::string& reference_layer) {
  if (reference_layer != layer) labels.with("reference_layer", reference_layer);
}

/// Those of whom a snapshot has any row.
std::set<Stream> streams_of(const SnapshotRows& rows) {
  std::set<Stream> streams;
  for (const MeasureRow& row : rows.measures) streams.insert(row.stream);
  for (const SpectrumRow& row : rows.spectra) streams.insert(row.stream);
  for (const LayerRow& row : rows.layers) streams.insert(row.stream);
  for (const VerdictRow& row : rows.verdicts) streams.insert(row.stream);
  for (const DirectionRow& row : rows.directions) streams.insert(row.stream);
  return streams;
}

void set_if(SeriesGroup& group, Metric metric, const Labels& labels, std::optional<double> value) {
  if (value) group.set(metric, labels, *value);
}

}  // namespace

Labels RunMetrics::of_run() const { return Labels().with("run", run_name_); }

SeriesGroup& RunMetrics::group_of(Stream stream) { return streams_[stream]; }

void RunMetrics::open(const SinkRun& run) {
  *this = {};
  run_name_ = run.name;
  run_.set(Metric::build_info, of_run().with("version", LIVECCA_VERSION), 1);
  run_.set(Metric::run_closed, of_run(), 0);
  // To Prometheus a series that begins with 1 did not increase.
  for (const char* what : kinds_from_zero) {
    run_.set_count(Metric::events, of_run().with("event", what), 0);
  }
  for (const Event& known : run.events) event(known, {});
  if (!run.is_resumed) return;
  reach_epoch(run.epoch);
  reach_step(run.step);
}

void RunMetrics::reach_epoch(std::int64_t epoch) {
  epoch_ = std::max(epoch_.value_or(epoch), epoch);
  run_.set(Metric::epoch, of_run(), static_cast<double>(*epoch_));
}

void RunMetrics::reach_step(std::uint64_t step) {
  step_ = std::max(step_, step);
  run_.set_count(Metric::step, of_run(), step_);
}

void RunMetrics::run(const RunRow& row, const RowStamp& stamp) {
  run_.set(Metric::run_info, of_run().with("network", row.network).with("precision", row.precision),
           1);
  reach_step(stamp.step);
}

void RunMetrics::snapshot(const SnapshotRows& rows, const RowStamp& stamp) {
  if (!rows.is_final) {
    replace_streams(rows, stamp);
    reach_epoch(rows.epoch);
  }
  reach_step(stamp.step);
  for (const VerdictRecordRow& row : rows.verdict_records) verdict_record(row);
  if (!rows.overhead) return;
  // The line that rows.jsonl has of it, so that two of one time are told apart by what was spent.
  const std::string told = to_json(*rows.overhead, std::to_string(stamp.step), stamp.wall_time);
  if (last_overhead_ != told) count(*rows.overhead);
  last_overhead_ = told;
  overhead(*rows.overhead);
}

void RunMetrics::replace_streams(const SnapshotRows& rows, const RowStamp& stamp) {
  for (const Stream stream : streams_of(rows)) {
    SeriesGroup& group = group_of(stream);
    group.clear();
    group.set(Metric::snapshot_time, of_run().with("stream", name_of(stream)), stamp.wall_time);
  }
  // A drift of another snapshot than the numbers beside it would mislead.
  drifts_.clear();
  for (const MeasureRow& row : rows.measures) measure(row);
  for (const LayerRow& row : rows.layers) layer(row);
  for (const VerdictRow& row : rows.verdicts) verdict(row);
  for (const DirectionRow& row : rows.directions) direction(row);
  for (const DriftRow& row : rows.drifts) drift(row);
}

void RunMetrics::measure(const MeasureRow& row) {
  Labels labels = of_run().with("stream", name_of(row.stream)).with("layer", row.layer);
  labels.with("reference", row.reference);
  add_reference_layer(labels, row.layer, row.reference_layer);
  labels.with("measure", row.measure);
  SeriesGroup& group = group_of(row.stream);
  set_if(group, Metric::measure, labels, row.value);
  set_if(group, Metric::measure_noise_floor, labels, row.noise_floor);
  set_if(group, Metric::measure_standard_error, labels, row.standard_error);
  group.set(Metric::measure_effective_samples, labels, row.effective_samples);
  group.set(Metric::measure_status, labels.with("status", name_of(row.status)), 1);
}

void RunMetrics::layer(const LayerRow& row) {
  const Labels labels = of_run()
                            .with("stream", name_of(row.stream))
                            .with("network", row.network)
                            .with("layer", row.layer);
  SeriesGroup& group = group_of(row.stream);
  set_if(group, Metric::layer_effective_rank, labels, row.effective_rank);
  set_if(group, Metric::layer_condition, labels, row.condition);
  set_if(group, Metric::layer_root_mean_square, labels, row.root_mean_square);
  group.set_count(Metric::layer_nonfinite_samples, labels, row.samples_nonfinite);
  if (row.features == 0 || row.samples == 0) return;  // 0 would look like a collapse
  group.set_count(Metric::layer_rank, labels, row.rank);
  group.set(Metric::layer_dead, labels,
            static_cast<double>(row.dead) / static_cast<double>(row.features));
}

void RunMetrics::verdict(const VerdictRow& row) {
  Labels labels = of_run().with("stream", name_of(row.stream)).with("layer", row.layer);
  labels.with("reference", row.reference);
  add_reference_layer(labels, row.layer, row.reference_layer);
  labels.with("measure", row.measure);
  SeriesGroup& group = group_of(row.stream);
  if (row.since_epoch) {
    group.set(Metric::settled_since_epoch, labels, static_cast<double>(*row.since_epoch));
  }
  if (!is_alarm(row)) {
    set_if(group, Metric::layer_speed, labels, row.speed);
    set_if(group, Metric::layer_remaining, labels, row.remaining);
    set_if(group, Metric::layer_remaining_low, labels, row.remaining_low);
    set_if(group, Metric::layer_remaining_high, labels, row.remaining_high);
    set_if(group, Metric::motion_exponent, labels, row.exponent);
    set_if(group, Metric::settling_epoch, labels, row.settling_epoch);
    set_if(group, Metric::settling_epoch_low, labels, row.settling_epoch_low);
    set_if(group, Metric::settling_epoch_high, labels, row.settling_epoch_high);
  }
  group.set(Metric::verdict, labels.with("verdict", row.verdict), 1);
}

void RunMetrics::verdict_record(const VerdictRecordRow& row) {
  const Labels labels = of_run().with("layer", row.layer);
  const std::array<std::pair<const char*, std::uint64_t>, 4> outcomes{
      {{"held", row.held}, {"early", row.early}, {"overtaken", row.overtaken}, {"late", row.late}}};
  for (const auto& [outcome, count] : outcomes) {
    run_.set_count(Metric::verdict_record, Labels(labels).with("outcome", outcome), count);
  }
}

void RunMetrics::direction(const DirectionRow& row) {
  Labels labels = of_run().with("stream", name_of(row.stream)).with("layer", row.layer);
  labels.with("reference", row.reference);
  add_reference_layer(labels, row.layer, row.reference_layer);
  labels.with("measure", row.measure);
  group_of(row.stream).set(Metric::direction, labels.with("direction", row.direction), 1);
}

void RunMetrics::drift(const DriftRow& row) {
  Labels labels = of_run().with("layer", row.layer).with("reference", row.reference);
  add_reference_layer(labels, row.layer, row.reference_layer);
  labels.with("measure", row.measure);
  drifts_.set(Metric::drift, labels, row.drift());
  set_if(drifts_, Metric::drift_of_sizes, labels, row.of_sizes());
}

void RunMetrics::count(const OverheadRow& row) {
  totals_.observe_seconds += row.observe_seconds;
  totals_.wait_seconds += row.wait_seconds;
  totals_.reference_seconds += row.reference_seconds;
  totals_.accumulate_seconds += row.accumulate_seconds;
  totals_.solve_seconds += row.solve_seconds;
  totals_.steps_observed += row.train_steps_observed;
  totals_.steps_dropped += row.train_steps_dropped;
  if (!row.training_seconds) return;
  totals_.training_seconds = totals_.training_seconds.value_or(0) + *row.training_seconds;
}

void RunMetrics::overhead(const OverheadRow& row) {
  const std::vector<std::pair<const char*, double>> parts{
      {"observe", totals_.observe_seconds},
      {"wait", totals_.wait_seconds},
      {"reference", totals_.reference_seconds},
      {"accumulate", totals_.accumulate_seconds},
      {"solve", totals_.solve_seconds}};
  for (const auto& [name, seconds] : parts) {
    run_.set(Metric::overhead_seconds, of_run().with("part", name), seconds);
  }
  set_if(run_, Metric::training_seconds, of_run(), totals_.training_seconds);
  run_.set(Metric::overhead, of_run(), row.share.value_or(std::nan("")));
  run_.set_count(Metric::train_steps_observed, of_run(), totals_.steps_observed);
  run_.set_count(Metric::train_steps_dropped, of_run(), totals_.steps_dropped);
  run_.set_count(Metric::row_lines_lost, of_run(), row.lines_lost);
  run_.set_count(Metric::resumes, of_run(), row.resumes);
}

void RunMetrics::log(const LogRow& row, const RowStamp& stamp) {
  run_.set(Metric::log_value, of_run().with("name", row.name), row.value);
  reach_epoch(row.epoch);
  reach_step(stamp.step);
}

void RunMetrics::event(const Event& event, const RowStamp&) {
  // What comes again, at the end, has the count of all.
  std::uint64_t& told = events_[{event.what, event.subject}];
  told = std::max(told, event.count);
  std::uint64_t total = 0;
  for (const auto& [key, count] : events_) {
    if (key.first == event.what) total += count;
  }
  run_.set_count(Metric::events, of_run().with("event", event.what), total);
}

void RunMetrics::close() { run_.set(Metric::run_closed, of_run(), 1); }

std::string RunMetrics::page() const {
  std::vector<const SeriesGroup*> groups{&run_};
  for (const auto& [stream, group] : streams_) groups.push_back(&group);
  groups.push_back(&drifts_);
  return exposition(groups);
}

}  // namespace livecca
