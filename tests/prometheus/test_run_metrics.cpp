#include <doctest/doctest.h>

#include <limits>

#include "made_up_rows.hpp"
#include "sinks/prometheus/run_metrics.hpp"

using namespace livecca_tests;
using livecca::Event;
using livecca::RowStamp;
using livecca::RunMetrics;
using livecca::SnapshotRows;

namespace {

RunMetrics opened() {
  RunMetrics metrics;
  metrics.open({.name = "first", .folder = "runs/first"});
  return metrics;
}

bool has(const RunMetrics& metrics, const std::string& line) {
  return ('\n' + metrics.page()).find('\n' + line + '\n') != std::string::npos;
}

bool mentions(const RunMetrics& metrics, const std::string& text) {
  return metrics.page().find(text) != std::string::npos;
}

const std::string pair_labels =
    R"({run="first",stream="probe",layer="fc",reference="seed7",measure="pwcca_distance")";
const std::string layer_labels =
    R"({run="first",stream="probe",layer="fc",measure="pwcca_distance")";

}  // namespace

TEST_CASE("a snapshot's rows are series") {
  RunMetrics metrics = opened();
  SnapshotRows rows = snapshot_rows(3, {"fc"});
  rows.measures[0].value = 0.3125;
  metrics.snapshot(rows, {.wall_time = 1700000000.5, .step = 300});

  CHECK(has(metrics, "livecca_measure" + pair_labels + "} 0.3125"));
  CHECK(has(metrics, "livecca_measure_noise_floor" + pair_labels + "} 0.875"));
  CHECK(has(metrics, "livecca_measure_standard_error" + pair_labels + "} 0.0625"));
  CHECK(has(metrics, "livecca_measure_effective_samples" + pair_labels + "} 2000"));
  CHECK(has(metrics, "livecca_measure_status" + pair_labels + ",status=\"ok\"} 1"));
  CHECK(has(metrics, "livecca_verdict" + layer_labels + ",verdict=\"settled\"} 1"));
  CHECK(has(metrics, "livecca_settled_since_epoch" + layer_labels + "} 12"));
  CHECK(has(metrics, "livecca_layer_speed" + layer_labels + "} 0.0625"));
  CHECK(has(metrics, "livecca_layer_remaining" + layer_labels + "} 0.03125"));
  CHECK(has(metrics, "livecca_layer_remaining_low" + layer_labels + "} 0.0078125"));
  CHECK(has(metrics, "livecca_layer_remaining_high" + layer_labels + "} 0.125"));
  CHECK(has(metrics, "livecca_layer_motion_exponent" + layer_labels + "} 1.5"));
  CHECK(has(metrics, "livecca_direction" + pair_labels + ",direction=\"nearing\"} 1"));
  const std::string layer = R"({run="first",stream="train",network="net",layer="fc"} )";
  CHECK(has(metrics, "livecca_layer_rank" + layer + "48"));
  CHECK(has(metrics, "livecca_layer_effective_rank" + layer + "12.5"));
  CHECK(has(metrics, "livecca_layer_dead_ratio" + layer + "0.25"));  // 16 of 64
  CHECK(has(metrics, "livecca_layer_condition" + layer + "1e+09"));
  CHECK(has(metrics, "livecca_layer_root_mean_square" + layer + "0.75"));
  CHECK(has(metrics, R"(livecca_drift{run="first",layer="fc",reference="seed7",)"
                     R"(measure="pwcca_distance"} 0.125)"));
  CHECK(has(metrics, R"(livecca_drift_of_sizes{run="first",layer="fc",reference="seed7",)"
                     R"(measure="pwcca_distance"} 0.0625)"));
  CHECK(has(metrics, R"(livecca_epoch{run="first"} 3)"));
  CHECK(has(metrics, R"(livecca_step{run="first"} 300)"));
  CHECK(has(metrics, R"(livecca_last_snapshot_timestamp_seconds{run="first",stream="probe"} )"
                     "1700000000.5"));
  CHECK(has(metrics, R"(livecca_overhead_ratio{run="first"} 0.0075)"));
}

TEST_CASE("an expected epoch of settling is told, and the record of the verdicts at the end") {
  RunMetrics metrics = opened();
  SnapshotRows rows = snapshot_rows(3, {"fc"});
  rows.verdict_records.clear();
  metrics.snapshot(rows, {.wall_time = 1, .step = 300});
  CHECK(has(metrics, "livecca_layer_settling_epoch" + layer_labels + "} 20"));
  CHECK(has(metrics, "livecca_layer_settling_epoch_low" + layer_labels + "} 18"));
  CHECK(has(metrics, "livecca_layer_settling_epoch_high" + layer_labels + "} 25"));
  CHECK(metrics.page().find("livecca_verdict_record{") == std::string::npos);

  SnapshotRows end;
  end.is_final = true;
  livecca::VerdictRecordRow record;
  record.held = 41;
  record.early = 2;
  record.overtaken = 5;
  end.verdict_records = {record, record};
  end.verdict_records[1].layer = "fc";
  end.verdict_records[1].late = 3;
  metrics.snapshot(end, {.wall_time = 2, .step = 300});
  CHECK(has(metrics, R"(livecca_verdict_record{run="first",outcome="held"} 41)"));
  CHECK(has(metrics, R"(livecca_verdict_record{run="first",outcome="early"} 2)"));
  CHECK(has(metrics, R"(livecca_verdict_record{run="first",outcome="overtaken"} 5)"));
  CHECK(has(metrics, R"(livecca_verdict_record{run="first",layer="fc",outcome="late"} 3)"));
}

TEST_CASE("another layer of the reference is a label, the same is not") {
  RunMetrics metrics = opened();
  SnapshotRows rows;
  rows.measures.push_back(measure_row(livecca::Stream::probe, "fc", 0.5));
  rows.measures.back().reference_layer = "head";
  metrics.snapshot(rows, {});
  CHECK(has(metrics, R"(livecca_measure{run="first",stream="probe",layer="fc",reference="seed7",)"
                     R"(reference_layer="head",measure="pwcca_distance"} 0.5)"));
}

TEST_CASE("a number that does not exist has no series, but its status has") {
  RunMetrics metrics = opened();
  SnapshotRows rows;
  rows.measures.push_back(measure_row(livecca::Stream::probe, "fc", 0.5));
  rows.measures[0].value.reset();
  rows.measures[0].noise_floor.reset();
  rows.measures[0].standard_error = std::numeric_limits<double>::quiet_NaN();
  rows.measures[0].status = livecca::Status::too_few_samples;
  metrics.snapshot(rows, {});
  CHECK_FALSE(mentions(metrics, "livecca_measure{"));
  CHECK_FALSE(mentions(metrics, "livecca_measure_noise_floor{"));
  CHECK_FALSE(mentions(metrics, "livecca_measure_standard_error{"));
  CHECK(has(metrics, "livecca_measure_status" + pair_labels + ",status=\"too_few_samples\"} 1"));
}

TEST_CASE("what the newest snapshot of a stream lacks goes; the other stream stays") {
  RunMetrics metrics = opened();
  metrics.snapshot(snapshot_rows(1, {"conv", "fc"}), {.wall_time = 10});
  SnapshotRows probe;
  probe.epoch = 2;
  probe.measures.push_back(measure_row(livecca::Stream::probe, "fc", 0.5));
  metrics.snapshot(probe, {.wall_time = 20});

  CHECK(has(metrics, "livecca_measure" + pair_labels + "} 0.5"));
  CHECK_FALSE(mentions(metrics, R"(stream="probe",layer="conv")"));
  CHECK_FALSE(mentions(metrics, R"(stream="probe",network=)"));
  CHECK(mentions(metrics, R"(livecca_measure{run="first",stream="train",layer="conv")"));
  CHECK_FALSE(mentions(metrics, "livecca_drift{"));  // it was of the snapshot before
  const std::string time = R"(livecca_last_snapshot_timestamp_seconds{run="first",stream=)";
  CHECK(has(metrics, time + R"("probe"} 20)"));
  CHECK(has(metrics, time + R"("train"} 10)"));
}

TEST_CASE("a verdict or a status that changes leaves no old one behind") {
  RunMetrics metrics = opened();
  metrics.snapshot(snapshot_rows(1, {"fc"}), {});
  SnapshotRows rows = snapshot_rows(2, {"fc"});
  for (auto& row : rows.verdicts) {
    row.verdict = "moving";
    row.since_epoch.reset();
  }
  metrics.snapshot(rows, {});
  CHECK(has(metrics, "livecca_verdict" + layer_labels + ",verdict=\"moving\"} 1"));
  CHECK_FALSE(mentions(metrics, "\"settled\""));
  CHECK_FALSE(mentions(metrics, "livecca_settled_since_epoch{"));
}

TEST_CASE("distances of kept snapshots to the final state do not pass for the newest") {
  RunMetrics metrics = opened();
  metrics.snapshot(snapshot_rows(9, {"fc"}), {.wall_time = 10, .step = 900});
  const std::string before = metrics.page();
  SnapshotRows last = snapshot_rows(0, {"fc"});
  for (auto& row : last.measures) row.reference = "final";
  last.is_final = true;
  last.overhead.reset();
  metrics.snapshot(last, {.wall_time = 11, .step = 900});
  CHECK(metrics.page() == before);
}

TEST_CASE("seconds and steps add up, and a call that is made again adds nothing") {
  RunMetrics metrics = opened();
  for (int call = 0; call < 2; ++call) {
    metrics.snapshot(snapshot_rows(1, {"fc"}), {.wall_time = 10, .step = 100});
  }
  metrics.snapshot(snapshot_rows(2, {"fc"}), {.wall_time = 20, .step = 200});
  const std::string seconds = R"(livecca_overhead_seconds_total{run="first",part=)";
  CHECK(has(metrics, seconds + R"("observe"} 1)"));
  CHECK(has(metrics, seconds + R"("wait"} 0.5)"));
  CHECK(has(metrics, seconds + R"("reference"} 0)"));
  CHECK(has(metrics, seconds + R"("accumulate"} 4)"));
  CHECK(has(metrics, seconds + R"("solve"} 8)"));
  CHECK(has(metrics, R"(livecca_training_seconds_total{run="first"} 200)"));
  CHECK(has(metrics, R"(livecca_train_steps_observed_total{run="first"} 40)"));
  CHECK(has(metrics, R"(livecca_train_steps_dropped_total{run="first"} 6)"));
  // These two are the run's so far in every row.
  CHECK(has(metrics, R"(livecca_row_lines_lost_total{run="first"} 2)"));
  CHECK(has(metrics, R"(livecca_resumes_total{run="first"} 1)"));
}

TEST_CASE("events are counted by kind, those that are told again with their count") {
  RunMetrics metrics = opened();
  const Event missing = event_of("missing", "net/fc");
  metrics.event(missing, {});
  metrics.event(missing, {});  // the same call, made again
  metrics.event(event_of("missing", "net/conv"), {});
  metrics.event(event_of("nonfinite", "net/fc"), {});
  CHECK(has(metrics, R"(livecca_events_total{run="first",event="missing"} 2)"));
  metrics.event(event_of("missing", "net/fc", 40), {});
  CHECK(has(metrics, R"(livecca_events_total{run="first",event="missing"} 41)"));
  CHECK(has(metrics, R"(livecca_events_total{run="first",event="nonfinite"} 1)"));
}

TEST_CASE("the kinds that cost numbers are counted from 0 on") {
  RunMetrics metrics = opened();
  for (const char* kind : {"missing", "step_dropped", "write_failed", "sink_failed"}) {
    const std::string series =
        R"(livecca_events_total{run="first",event=")" + std::string(kind) + "\"} ";
    CHECK(has(metrics, series + "0"));
    metrics.event(event_of(kind, "net/fc"), {});
    CHECK(has(metrics, series + "1"));
  }
}

TEST_CASE("a snapshot that is solved late does not set the epoch and the step back") {
  RunMetrics metrics = opened();
  metrics.log({.epoch = 7, .name = "loss", .value = 0.5}, {.step = 700});
  metrics.snapshot(snapshot_rows(6, {"fc"}), {.wall_time = 10, .step = 600});
  CHECK(has(metrics, R"(livecca_epoch{run="first"} 7)"));
  CHECK(has(metrics, R"(livecca_step{run="first"} 700)"));
  metrics.run(run_row("net"), {.step = 650});
  metrics.log({.epoch = 5, .name = "loss", .value = 0.5}, {.step = 500});
  CHECK(has(metrics, R"(livecca_epoch{run="first"} 7)"));
  CHECK(has(metrics, R"(livecca_step{run="first"} 700)"));
  metrics.open({.name = "first", .folder = "", .is_resumed = true, .epoch = 3, .step = 300});
  CHECK(has(metrics, R"(livecca_epoch{run="first"} 3)"));
  CHECK(has(metrics, R"(livecca_step{run="first"} 300)"));
}

TEST_CASE("a resumed run's counts of events go on from where they were") {
  RunMetrics metrics;
  const std::string missing = R"(livecca_events_total{run="first",event="missing"} )";
  metrics.open(
      {.name = "first",
       .folder = "",
       .is_resumed = true,
       .events = {event_of("missing", "net/fc", 500), event_of("missing", "net/conv1", 2)}});
  CHECK(has(metrics, missing + "502"));
  metrics.event(event_of("missing", "net/fc", 510), {});
  CHECK(has(metrics, missing + "512"));
}

TEST_CASE("a layer of which nothing was seen has no rank, which would be 0") {
  RunMetrics metrics = opened();
  livecca::SnapshotRows rows = snapshot_rows(1, {"fc"});
  for (livecca::LayerRow& row : rows.layers) row.samples = row.rank = 0;
  metrics.snapshot(rows, {});
  CHECK(metrics.page().find("\nlivecca_layer_rank{") == std::string::npos);
  CHECK(metrics.page().find("\nlivecca_layer_dead_ratio{") == std::string::npos);
}

TEST_CASE("logged values, and what the run is") {
  RunMetrics metrics = opened();
  metrics.run(run_row("net"), {});
  metrics.log({.epoch = 4, .name = "loss", .value = 1.5}, {.step = 40});
  metrics.log({.epoch = 5, .name = "loss", .value = 1.25}, {.step = 50});
  CHECK(has(metrics, R"(livecca_log_value{run="first",name="loss"} 1.25)"));
  CHECK(has(metrics, R"(livecca_epoch{run="first"} 5)"));
  CHECK(has(metrics, R"(livecca_run_info{run="first",network="net",precision="exact"} 1)"));
  CHECK(has(metrics, R"(livecca_build_info{run="first",version=")" LIVECCA_VERSION R"("} 1)"));
  CHECK(has(metrics, R"(livecca_run_closed{run="first"} 0)"));
  metrics.close();
  CHECK(has(metrics, R"(livecca_run_closed{run="first"} 1)"));
}
