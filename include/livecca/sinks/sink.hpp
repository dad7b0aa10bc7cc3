#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// All rows that one snapshot gave, or the comparison at the end of a run.
struct SnapshotRows {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::vector<MeasureRow> measures;
  std::vector<SpectrumRow> spectra;
  std::vector<LayerRow> layers;
  std::vector<DriftRow> drifts;      ///< where both streams have a number
  std::vector<VerdictRow> verdicts;  ///< of each stream
  std::optional<OverheadRow> overhead;
  /// These are the run's last: distances of kept snapshots to the final state, each with the epoch
  /// and the step of its own snapshot, in their order.
  bool is_final = false;
};

/// The run whose rows a sink takes.
struct SinkRun {
  std::string name;
  std::filesystem::path folder;
  /// The run was taken up again: what a sink has of steps beyond `step` will come once more.
  bool is_resumed = false;
  std::int64_t epoch = 0;  ///< where it was taken up
  std::uint64_t step = 0;
  double wall_time = 0;  ///< Unix seconds
};

/// When rows were made.
struct RowStamp {
  double wall_time = 0;  ///< Unix seconds; never steps back within a run
  std::uint64_t step = 0;
};

/// Somewhere that a run's rows go, beside rows.jsonl: a dashboard, a file, a service. Give it to
/// MonitorOptions::sinks; one sink takes one run.
///
/// What throws from it costs nothing but time: the monitor keeps the rows, makes the call again
/// after a growing pause, counts, tells the first failure, and the other sinks go on. So a call
/// that throws should have done nothing, or what may be done twice.
///
/// Thread safety: calls come one at a time, in order, from one thread of the sink's own, for which
/// neither training nor solving nor another sink waits.
class LIVECCA_EXPORT Sink {
 public:
  Sink() = default;
  virtual ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// For messages, e.g. "tensorboard".
  virtual std::string name() const = 0;
  /// Comes first, once.
  virtual void open(const SinkRun& run);
  /// What the run is; comes when it begins and again whenever there are more taps.
  virtual void run(const RunRow& row, const RowStamp& stamp);
  virtual void snapshot(const SnapshotRows& rows, const RowStamp& stamp) = 0;
  /// A number of the user's own.
  virtual void log(const LogRow& row, const RowStamp& stamp);
  /// The first event of its kind and subject; later ones of the same are counted, see the run's
  /// end.
  virtual void event(const Event& event, const RowStamp& stamp);
  /// Nothing more will come: the run ended, or is left off until it is taken up again. Comes once,
  /// unless no call succeeded, and is not made again.
  virtual void close();
};

}  // namespace livecca
