#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// All rows of one snapshot, or of the comparison at the end of a run.
struct SnapshotRows {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::vector<MeasureRow> measures;
  std::vector<SpectrumRow> spectra;
  std::vector<LayerRow> layers;
  std::vector<DriftRow> drifts;                   ///< for numbers that both streams have
  std::vector<VerdictRow> verdicts;               ///< of the probe's layers; alarms of both streams
  std::vector<DirectionRow> directions;           ///< of both streams
  std::vector<VerdictRecordRow> verdict_records;  ///< of finish(): all layers together, then each
  std::optional<OverheadRow> overhead;
  /// True for the rows of finish(): distances of kept snapshots to the final state. Each row has
  /// the epoch and step of its own snapshot, in ascending order.
  bool is_final = false;
};

/// The run that a sink receives.
struct SinkRun {
  std::string name{};
  std::filesystem::path folder{};
  /// The run was resumed from a checkpoint. Rows later than `saved_wall_time` are no longer valid,
  /// and some of them may come again.
  bool is_resumed = false;
  std::int64_t epoch = 0;       ///< of the checkpoint
  std::uint64_t step = 0;       ///< of the checkpoint
  double wall_time = 0;         ///< now, in Unix seconds
  double saved_wall_time = 0;   ///< of the last row that is still valid, in Unix seconds
  std::vector<Event> events{};  ///< the events up to the checkpoint, with their counts
};

/// The time of a row.
struct RowStamp {
  double wall_time = 0;  ///< Unix seconds; never steps back within a run
  std::uint64_t step = 0;
};

/// Receives the rows of a run, beside rows.jsonl: a dashboard, a file, a service. Give it to
/// MonitorOptions::sinks. One sink serves one run at a time; a second one is refused. When a run is
/// resumed, a sink that stores rows, such as a file, should remove those that are no longer valid
/// (see SinkRun). Otherwise it has them twice.
///
/// A call that throws is repeated after a growing pause, so it must be safe to repeat. The other
/// sinks go on. An event reports the first failure and its end. Meanwhile the newest rows wait: up
/// to 256 snapshots or 64 MiB, 4096 events and 4096 logged numbers. When the run ends, all sinks
/// together have 5 s to take the rest.
///
/// Thread safety: each sink has a thread of its own, which makes all calls, one at a time and in
/// order. Training, solving and other sinks never wait for it.
class LIVECCA_EXPORT Sink {
 public:
  Sink() = default;
  virtual ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// The name for messages, e.g. "tensorboard".
  virtual std::string name() const = 0;
  /// The first call. It comes once.
  virtual void open(const SinkRun& run);
  /// Describes the run. Comes when the run begins, and again after new taps came.
  virtual void run(const RunRow& row, const RowStamp& stamp);
  virtual void snapshot(const SnapshotRows& rows, const RowStamp& stamp) = 0;
  /// A number of the user's own.
  virtual void log(const LogRow& row, const RowStamp& stamp);
  /// The first event of a kind and subject, or one with another reason; its count has all of this
  /// kind and subject. Others are only counted. Their counts come when the run ends.
  virtual void event(const Event& event, const RowStamp& stamp);
  /// The last call: the run ended, or stops until it is resumed. Comes once, and only if an earlier
  /// call succeeded. It is not repeated if it throws.
  virtual void close();

  /// Whether a monitor that goes on has it.
  bool is_serving() const { return is_serving_.load(); }

 private:
  friend class SinkRelay;

  std::atomic<bool> is_serving_{false};
};

}  // namespace livecca
