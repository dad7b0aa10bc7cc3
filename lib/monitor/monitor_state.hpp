#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/history.hpp"
#include "monitor/run_writer.hpp"

namespace livecca {

/// A tap as the monitor knows it; its index is the panel's and the handle's.
struct WatchedTap {
  std::string network;
  std::string layer;
  Reading reading;
  /// Of the trained network only: the tap of its recorded start, once there is one.
  std::optional<std::size_t> start_tap;
};

struct Monitor::State {
  explicit State(MonitorOptions given);

  TapHandle watch(std::string_view network, std::string_view layer, const Reading& reading,
                  std::optional<TapShape> shape);
  void add_start_taps(std::int64_t epoch);
  void report_unpaired_references(std::int64_t epoch, SnapshotReport& report);
  void report_faults(const PanelMoments& moments, SnapshotReport& report);
  void report_to(SnapshotReport& report, const Event& event);
  /// A probe of another length than at the start does not pair with it row by row: the start's
  /// moments are dropped, with an event.
  void drop_other_starts(PanelMoments& moments, SnapshotReport& report);
  void write_run_row();
  SnapshotTicket snapshot(std::int64_t epoch);
  /// Ends the window and reports what it lost.
  PanelMoments freeze(SnapshotReport& report);
  /// The solver thread's job. Reads nothing that the training thread writes.
  void solve_and_write(const PanelMoments& moments, SnapshotReport& report,
                       std::uint64_t step) noexcept;
  void expect_running() const;
  SnapshotReport finish();
  /// A step failed, e.g. memory ran out: its window cannot be trusted.
  void drop_window(std::int64_t epoch, const std::string& reason);

  MonitorOptions options;
  RunWriter writer;
  Executor executor;
  Solver solver;  ///< the solver thread's
  Panel panel;
  History history;
  std::vector<WatchedTap> taps;  ///< same indices as the panel's; start taps have network "start"
  std::map<std::string, std::uint64_t> rows_seen;  ///< of the trained network, in this window
  std::string window_dropped;  ///< why the window will have no numbers; empty if it will
  std::uint64_t steps_of_run = 0;
  double observe_seconds = 0;  ///< since the last snapshot
  bool run_row_has_taps = false;
  bool finished = false;
};

struct Monitor::Step::State {
  State(Monitor::State& the_monitor, Panel::Step the_step, std::int64_t the_epoch)
      : monitor(the_monitor), step(std::move(the_step)), epoch(the_epoch) {}

  struct RowsToRecord {
    std::size_t tap;
    const PackedRows* rows;
  };

  /// Feeds the same rows of the network's start, for the distance to it. If the start has too few,
  /// its tap is not fed, and the snapshot says why.
  void observe_start(std::size_t start_tap, const PackedRows& rows);
  /// Keeps the trained network's rows as they came, before the panel centres them in place.
  void record();

  Monitor::State& monitor;
  Panel::Step step;
  std::int64_t epoch;
  std::vector<RowsToRecord> to_record;
  std::string failure;  ///< e.g. memory ran out: the step will not be committed
};

/// Adds the time until its destruction.
class TimeSpent {
 public:
  explicit TimeSpent(double& seconds);
  ~TimeSpent();
  TimeSpent(const TimeSpent&) = delete;
  TimeSpent& operator=(const TimeSpent&) = delete;

 private:
  double& seconds_;
  double begin_;
};

}  // namespace livecca
