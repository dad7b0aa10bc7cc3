#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "livecca/sinks/sink.hpp"
#include "sinks/prometheus/exposition.hpp"

namespace livecca {

/// The newest numbers of one run. Each function does once what is done twice with the same rows, as
/// a sink's call may be made again.
///
/// Thread safety: none.
class RunMetrics {
 public:
  /// Begins anew.
  void open(const SinkRun& run);
  void run(const RunRow& row, const RowStamp& stamp);
  /// Replaces the numbers of each stream that the rows are of; of a stream that they lack, the last
  /// ones stay. Distances of kept snapshots to the final state are a curve, not a newest number,
  /// and are left out.
  void snapshot(const SnapshotRows& rows, const RowStamp& stamp);
  void log(const LogRow& row, const RowStamp& stamp);
  void event(const Event& event, const RowStamp& stamp);
  void close();

  std::string page() const;

 private:
  /// Sums since this process began.
  struct Totals {
    double observe_seconds = 0;
    double wait_seconds = 0;
    double reference_seconds = 0;
    double accumulate_seconds = 0;
    double solve_seconds = 0;
    std::optional<double> training_seconds;
    std::uint64_t steps_observed = 0;
    std::uint64_t steps_dropped = 0;
  };

  Labels of_run() const;
  void reach_epoch(std::int64_t epoch);
  void reach_step(std::uint64_t step);
  SeriesGroup& group_of(Stream stream);
  void replace_streams(const SnapshotRows& rows, const RowStamp& stamp);
  void measure(const MeasureRow& row);
  void layer(const LayerRow& row);
  void verdict(const VerdictRow& row);
  void verdict_record(const VerdictRecordRow& row);
  void direction(const DirectionRow& row);
  void drift(const DriftRow& row);
  void overhead(const OverheadRow& row);
  void count(const OverheadRow& row);

  std::string run_name_;
  // The furthest so far: a snapshot may be solved when later numbers have come already.
  std::optional<std::int64_t> epoch_;
  std::uint64_t step_ = 0;
  SeriesGroup run_;
  std::map<Stream, SeriesGroup> streams_;
  SeriesGroup drifts_;
  Totals totals_;
  /// What the totals have already, to know it again.
  std::string last_overhead_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> events_;  // by kind and subject
};

}  // namespace livecca
