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
  std::string name{};
  std::filesystem::path folder{};
  /// The run was taken up again where it was saved: what a sink has that is later than
  /// `saved_wall_time` counts no more, and may come once more or not.
  bool is_resumed = false;
  std::int64_t epoch = 0;  ///< where it was taken up
  std::uint64_t step = 0;
  double wall_time = 0;         ///< Unix seconds
  double saved_wall_time = 0;   ///< of the last row that the run still has
  std::vector<Event> events{};  ///< that happened until then, with their counts
};

/// When rows were made.
struct RowStamp {
  double wall_time = 0;  ///< Unix seconds; never steps back within a run
  std::uint64_t step = 0;
};

/// Somewhere that a run's rows go, beside rows.jsonl: a dashboard, a file, a service. Give it to
/// MonitorOptions::sinks; one sink takes one run. One that keeps what it gets, as a file does,
/// should take back what SinkRun says when a run is taken up again, or it has it twice.
///
/// A call that throws is made again after a growing pause and counted, the first failure and its
/// end are told, and the other sinks go on. So it should have done nothing, or what may be done
/// twice. Meanwhile the newest rows wait: 256 snapshots or 64 MiB, 4096 events, 4096 logged
/// numbers. When the run ends all sinks together have 5 s for what is left.
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
