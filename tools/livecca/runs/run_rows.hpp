#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/conditions.hpp"

namespace livecca::tool {

/// A number of one snapshot.
struct Point {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  std::optional<double> value;
  /// Its window is unlike those before: it is in no trend with them.
  bool begins_anew = false;
  bool is_like_unrelated = false;  ///< it says no more than chance
  std::uint32_t line = 0;          ///< of rows.jsonl, from 1
  double wall_time = 0;
  double noise_floor = std::numeric_limits<double>::quiet_NaN();  ///< or none
  double standard_error = std::numeric_limits<double>::quiet_NaN();
};

/// Which number: the fields that all rows of a curve have in common.
struct CurveKey {
  Stream stream = Stream::probe;
  std::string reference;
  std::string layer;
  std::string reference_layer;
  std::string measure;  ///< with its direction

  // NOLINTNEXTLINE(modernize-use-nullptr): its bug
  friend auto operator<=>(const CurveKey&, const CurveKey&) = default;
};

/// A number over the run, and what the last row said of it.
struct Curve {
  CurveKey key;
  ReferenceKind reference_kind = ReferenceKind::network;
  Direction direction = Direction::similarity;
  std::vector<Point> points;
  std::optional<double> noise_floor;
  std::optional<double> standard_error;
  std::optional<double> p_value;
  std::optional<double> samples_needed;
  Status status = Status::missing;
  std::array<std::size_t, 2> ranks{};  ///< of both sides
  std::array<std::size_t, 2> features{};
  std::uint64_t samples = 0;
  double effective_samples = 0;
  double independent_samples = 0;
  std::optional<Conditions> conditions;  ///< of the point at which it began, the last time

  std::optional<double> latest() const { return points.back().value; }
  /// Whether the latest number says no more than chance. `nearest_of`: of so many curves it is the
  /// nearest.
  bool is_at_floor(std::size_t nearest_of = 1) const {
    return is_like_unrelated(direction, latest(), noise_floor, p_value, nearest_of);
  }
};

struct LogCurve {
  std::string name;
  std::vector<Point> points;
};

/// An alarm that a layer had, and has no more.
struct EndedAlarm {
  std::string layer;
  std::string verdict;
  Stream stream = Stream::probe;
  std::string reference;
  std::int64_t first_epoch = 0;
  std::int64_t last_epoch = 0;
  std::uint64_t times = 0;  ///< that it ended
};

/// What a run's rows say, without what is only of a past snapshot: curves hold a point a row, and
/// of everything else the latest is kept. Spectra are left out. Verdicts and alarms are those of
/// the last snapshot whose rows are all there: a snapshot ends with its row of overhead, when the
/// next one begins, or with the run.
class RunRows {
 public:
  void add(RowLine line);
  /// The rows that follow are not those behind the ones that were added, but later ones.
  void leave_out();

  std::string run;
  std::optional<RunRow> facts;
  std::vector<Curve> curves;  ///< in order of first appearance, as logs
  std::vector<LogCurve> logs;
  std::vector<std::string> layers_seen;  ///< of numbers; a new one stands behind its neighbour
  std::map<std::string, VerdictRow> verdicts;     ///< of the last snapshot, on each layer's motion
  std::map<CurveKey, DirectionRow> directions;    ///< the latest of each curve
  std::vector<VerdictRecordRow> verdict_records;  ///< of the end
  /// Of runs that an earlier version wrote: moving, settled or undecided, the latest of each curve.
  std::map<CurveKey, VerdictRow> older_verdicts;
  /// The others, of the last snapshot of each stream. since_epoch is the first of the snapshots in
  /// a row that had the alarm.
  std::vector<VerdictRow> alarms;
  std::vector<EndedAlarm> ended_alarms;  ///< each layer and alarm once
  std::optional<VerdictRow> last_alarm;  ///< that was added, also of a snapshot that goes on
  std::map<CurveKey, DriftRow> drifts;   ///< their stream is train
  std::vector<LayerRow> layers;          ///< the latest of each stream, network and layer
  std::vector<Event> events;             ///< the latest of each kind and subject, but for overhead
  std::optional<OverheadRow> overhead;
  std::uint64_t train_steps_dropped = 0;  ///< of the whole run
  std::set<std::int64_t> epochs;          ///< that have numbers
  double first_time = 0;                  ///< wall time of the first row
  double wall_time = 0;                   ///< of the last row
  bool finished = false;
  ForeignLines foreign;

  /// Seconds between the latest snapshots of the probe, the median; empty before the second.
  std::optional<double> usual_pause() const;

 private:
  void take(std::monostate) {}
  void take(const SpectrumRow&) {}
  void take(RunRow row);
  void take(const MeasureRow& row);
  void take(LayerRow row);
  void take(VerdictRow row);
  void take(DirectionRow row);
  void take(VerdictRecordRow row);
  void take(DriftRow row);
  void take(LogRow row);
  void take(OverheadRow row);
  void take(Event event);

  std::map<CurveKey, std::size_t> curve_of_;
  std::map<std::string, std::size_t> log_of_;
  std::map<std::tuple<Stream, std::string, std::string>, std::size_t> layer_of_;
  std::map<std::pair<std::string, std::string>, std::size_t> event_of_;
  /// All rows of a snapshot call it first.
  void begin_snapshot(Stream stream, std::int64_t epoch, std::uint64_t step);
  void see_time_of(Stream stream, std::int64_t epoch, std::uint64_t step);
  /// From now on the stream's verdicts and alarms are those of its last snapshot.
  void end_snapshot(Stream stream);
  void end_snapshots();

  struct Said {
    std::map<std::string, VerdictRow> verdicts;
    std::vector<VerdictRow> alarms;
    std::vector<VerdictRow> alarms_before;  // of the snapshot before
  };
  void keep_ended(const Said& said);
  /// Before the first row of overhead, verdicts and alarms are shown as they come.
  bool knows_ends() const { return overhead.has_value(); }

  std::map<Stream, std::pair<std::int64_t, std::uint64_t>> last_snapshots_;
  std::map<Stream, Said> unfinished_;        ///< what was said so far of snapshots that go on
  std::array<double, 16> snapshot_times_{};  ///< of the probe's latest, in turn
  std::size_t snapshots_ = 0;
  std::optional<std::pair<std::int64_t, std::uint64_t>> timed_snapshot_;
  std::uint32_t line_ = 0;  ///< of the row that is taken
  MeasureRow last_number_;  ///< the one before
  bool is_behind_left_out_ = false;
};

/// A run that may still be going on.
class RunReader {
 public:
  /// Reads what is there. Throws InputError if there is no file, or no row in it.
  explicit RunReader(const std::filesystem::path& run);

  /// Takes what came since; whether anything did. Throws InputError if reading fails.
  bool update();

  const RunRows& rows() const { return rows_; }
  /// The rows.jsonl.
  std::filesystem::path file() const { return reader_.path(); }

 private:
  RowsReader reader_;
  RunRows rows_;
};

}  // namespace livecca::tool
