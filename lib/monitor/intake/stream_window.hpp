#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "monitor/intake/step_buffer.hpp"
#include "monitor/intake/watched_taps.hpp"

namespace livecca {

/// A window that ended.
struct EndedWindow {
  PanelMoments moments;
  /// Taps that belong to the stream: others were never seen in it.
  std::set<std::size_t> taps;
  /// Rows of each tap that were not finite of themselves, whatever the others had.
  std::vector<std::uint64_t> nonfinite;
  TrainingModes training_modes;  ///< true if the network did so in any of its steps
  std::string dropped;           ///< why it has no numbers; empty if it has
};

/// One stream's window: the panel that steps go to, with the taps and pairs that were watched.
///
/// Thread safety: none; that of whoever takes steps from the queue.
class StreamWindow {
 public:
  /// Takes the trained network's rows as they came, before they are centred, or, of a tap that a
  /// step did not bring, null.
  using Recorder = std::function<void(std::size_t tap, const PackedRows* rows)>;

  StreamWindow(Stream stream, const MonitorOptions& options, Executor& executor);

  /// Adds the taps that are new, and their pairs. Throws Error where the memory limit forbids it;
  /// the taps up to that one are then in.
  void add_new(const WatchedTaps& taps) { add_new(taps, taps.size()); }
  /// The same of the first `count` taps.
  void add_new(const WatchedTaps& taps, std::size_t count);
  /// Takes a step. Throws std::bad_alloc and the like; the window must then be dropped.
  void feed(StepBuffer& buffer, const WatchedTaps& taps, const Recorder& record);
  /// A step failed, e.g. memory ran out: the window cannot be trusted.
  void drop(const std::string& reason) noexcept;
  /// Begins anew, as if nothing had come.
  void abandon() noexcept;
  /// Whether anything happened in it.
  bool is_used() const { return facts_.steps > 0 || !facts_.dropped.empty(); }
  /// Ends it: since_snapshot begins anew, others go on. If it throws, for want of memory, nothing
  /// has changed.
  EndedWindow end();

  Panel& panel() { return panel_; }
  const Panel& panel() const { return panel_; }
  /// Steps since the last end.
  std::uint64_t steps() const { return facts_.steps; }
  /// What a window is beside its panel.
  struct Facts {
    std::uint64_t steps = 0;  ///< since the last end
    std::string dropped;      ///< why it cannot be trusted; empty if it can
    std::set<std::size_t> taps;
    std::vector<std::uint64_t> nonfinite;
    TrainingModes training_modes;
  };
  const Facts& facts() const { return facts_; }
  /// Goes on with a saved window of as many taps.
  void restore(const PanelMoments& window, const PanelProgress& progress, Facts facts);

 private:
  void feed_moments(const PanelMoments& moments, const WatchedTaps& taps, const Recorder& record);
  void add_pairs(std::size_t index, const WatchedTaps& taps);
  void saw(std::size_t tap, const PackedRows* rows);

  Stream stream_;
  const MonitorOptions& options_;
  Panel panel_;
  Facts facts_;
};

}  // namespace livecca
