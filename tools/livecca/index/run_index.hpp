#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "runs/run_rows.hpp"

namespace livecca::tool {

/// A stretch of snapshots at which a layer had the same verdict.
struct VerdictSpan {
  std::string layer;
  std::string verdict;
  std::int64_t from_epoch = 0;
  std::int64_t to_epoch = 0;
};

/// An event that a row told.
struct EventPlace {
  std::uint64_t line = 0;
  double time = 0;
  Event event;
};

/// The row with which an alarm began.
struct AlarmPlace {
  std::uint64_t line = 0;
  VerdictRow alarm;
};

struct OverheadPlace {
  double time = 0;
  OverheadRow row;
};

/// Where a spectrum stands; the numbers are read when somebody asks for them.
struct SpectrumPlace {
  std::uint64_t line = 0;
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
};

/// The pair that a spectrum is of: stream, layer, reference and its layer.
using SpectrumKey = std::tuple<Stream, std::string, std::string, std::string>;

/// What the page needs of one run. Memory: about 100 bytes a row.
///
/// Thread safety: none.
class RunIndex {
 public:
  /// A line without a number cannot be asked for.
  void add(RowLine&& line);
  /// The rows that follow are not those behind the ones that were added, but later ones.
  void leave_out() {
    rows_.leave_out();
    has_all_ = false;
  }
  /// Whether no rows were left out.
  bool has_all() const { return has_all_; }
  /// For an index of a file's last rows alone: alarms may have begun before.
  void forget_since_when();

  const RunRows& rows() const { return rows_; }
  /// The offset of a line's first byte in the file; empty of a line that is no row.
  std::optional<std::uint64_t> offset_of(std::uint64_t line) const;
  /// The spectrum of the pair at that snapshot, or the latest; 0 if there is none.
  std::uint64_t spectrum_of(const SpectrumKey& key, std::optional<std::uint64_t> step) const;
  /// In the order in which they began.
  const std::vector<VerdictSpan>& verdict_history() const { return verdicts_; }
  const std::vector<EventPlace>& events() const { return events_; }
  const std::vector<AlarmPlace>& alarms() const { return alarms_; }
  const std::vector<OverheadPlace>& overheads() const { return overheads_; }
  std::optional<std::uint64_t> last_step() const { return last_step_; }
  /// The line of the newest row of each kind, by the kind's place in AnyRow; 0 if there is none.
  const std::array<std::uint64_t, std::variant_size_v<AnyRow>>& last_lines() const {
    return last_lines_;
  }
  /// How many snapshots of the trained network had samples that are not finite.
  std::uint64_t nonfinite_snapshots() const { return nonfinite_snapshots_; }

 private:
  void see(std::monostate, const RowLine&) {}
  void see(const RunRow&, const RowLine&) {}
  void see(const MeasureRow& row, const RowLine& line);
  void see(const SpectrumRow& row, const RowLine& line);
  void see(const LayerRow& row, const RowLine& line);
  void see(const DriftRow&, const RowLine&) {}
  void see(const VerdictRow& row, const RowLine& line);
  void see(const DirectionRow&, const RowLine&) {}
  void see(const VerdictRecordRow&, const RowLine&) {}
  void see(const LogRow& row, const RowLine& line);
  void see(const Event& event, const RowLine& line);
  void see(const OverheadRow& row, const RowLine& line);
  void see_alarm(const VerdictRow& row, std::uint64_t line);

  RunRows rows_;
  std::vector<std::uint64_t> offsets_;  // by line
  std::map<SpectrumKey, std::vector<SpectrumPlace>> spectra_;
  std::vector<VerdictSpan> verdicts_;
  std::map<std::string, std::size_t> verdict_of_;  // the layer's last span
  std::vector<EventPlace> events_;
  std::vector<AlarmPlace> alarms_;
  std::vector<OverheadPlace> overheads_;
  std::optional<std::uint64_t> last_step_;
  std::array<std::uint64_t, std::variant_size_v<AnyRow>> last_lines_{};
  std::uint64_t nonfinite_snapshots_ = 0;
  std::optional<std::pair<std::int64_t, std::uint64_t>> last_nonfinite_;
  bool has_all_ = true;
};

}  // namespace livecca::tool
