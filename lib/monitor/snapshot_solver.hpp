#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/callbacks.hpp"
#include "monitor/comparison/own_motions.hpp"
#include "monitor/comparison/recorded_comparison.hpp"
#include "monitor/comparison/rows_of_solution.hpp"
#include "monitor/intake/stream_window.hpp"
#include "sinks/latest_rows.hpp"
#include "sinks/run_writer.hpp"
#include "verdicts/verdicts.hpp"

namespace livecca {

/// All that a snapshot is solved from: nothing in it is the training's any more.
struct SnapshotJob {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::array<std::optional<double>, 2> losses;  ///< of each stream, since its snapshot before
  std::optional<double> learning_rate;          ///< as it was logged last
  std::optional<EndedWindow> probe;
  std::optional<EndedWindow> train;
  /// The probe's activations of this snapshot, and what they are compared with.
  std::optional<RecordedSide> now;
  std::vector<RecordedSide> earlier;
  std::vector<RecordedSide> own_past;  ///< what its own motion is measured from
  std::vector<std::string> layers;     ///< of the trained network, that should be in all of these
  OverheadRow overhead;
  std::shared_ptr<SnapshotReport> report;
};

/// Turns snapshots into rows: solves, compares recordings, judges, and tells whoever listens.
///
/// Thread safety: none, but what it writes to (rows, latest numbers) may be used meanwhile.
class SnapshotSolver {
 public:
  /// All are borrowed.
  SnapshotSolver(const MonitorOptions& options, RunWriter& writer, LatestRows& latest,
                 Callbacks& callbacks, Executor& executor);

  /// Never throws: what goes wrong is an event, and the report says what is missing. Seconds taken
  /// are in the report.
  void solve(SnapshotJob& job) noexcept;

  std::string verdict_state() const { return verdicts_.state(); }
  Result<void> restore_verdicts(const std::string& state) { return verdicts_.restore(state); }

 private:
  void write_stream(Stream stream, const EndedWindow& window, SnapshotJob& job, RowSinks& sinks);
  void report_few_batches(Stream stream, const PanelMoments& moments, SnapshotJob& job);
  void report_small_probe(const PanelMoments& moments, SnapshotJob& job);
  void report_repeated(Stream stream, const PanelMoments& moments, SnapshotJob& job);
  void write_recorded(SnapshotJob& job, RowSinks& sinks);
  /// Rows without a value for what should have been compared and was not.
  void write_missing(const SnapshotJob& job, RowSinks& sinks);
  void write_drifts(SnapshotJob& job);
  void report_unconverged(SnapshotJob& job);
  std::vector<LayerMotion> own_motions(SnapshotJob& job);
  void write_verdicts(Stream stream, SnapshotJob& job, const RowSinks& sinks);
  SolvedWindow solved(const PanelMoments& moments, Solver& solver, Stream stream, SnapshotJob& job);
  /// Writes what there is to write of a job. A part that fails is an event.
  void write(SnapshotJob& job) noexcept;
  void fail(SnapshotJob& job, const char* what, const std::string& subject,
            std::string_view message) noexcept;
  /// The same for what comes again and again: only the first one is in a report, later ones are
  /// counted in the rows.
  void tell_once(SnapshotJob& job, const char* what, const std::string& subject,
                 const std::string& message);

  const MonitorOptions& options_;
  RunWriter& writer_;
  LatestRows& latest_;
  Callbacks& callbacks_;
  Executor& executor_;
  Solver probe_solver_;
  Solver train_solver_;
  RecordedComparisons recorded_;
  OwnMotions motions_;
  Verdicts verdicts_;
  std::set<std::pair<std::string, std::string>> told_;  ///< by tell_once(): kind and subject
};

}  // namespace livecca
