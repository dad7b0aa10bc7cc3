#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "livecca/common/executor.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "monitor/step_buffer.hpp"
#include "monitor/watched_taps.hpp"

namespace livecca {

/// "probe" or "train".
const char* name_of(Stream stream);

/// A window that ended.
struct EndedWindow {
  PanelMoments moments;
  /// Networks that belong to the stream: taps of others were never meant to be in it.
  std::set<std::string> networks;
  std::string dropped;  ///< why it has no numbers; empty if it has
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
  void drop(const std::string& reason);
  /// Whether anything happened in it.
  bool is_used() const { return steps_ > 0 || !dropped_.empty(); }
  /// Ends it: since_snapshot begins anew, others go on.
  EndedWindow end();

  Panel& panel() { return panel_; }
  const Panel& panel() const { return panel_; }
  const std::set<std::string>& networks() const { return networks_; }
  /// Steps since the last end.
  std::uint64_t steps() const { return steps_; }
  /// Why it cannot be trusted; empty if it can.
  const std::string& dropped() const { return dropped_; }
  /// Goes on with a saved window of as many taps.
  void restore(const PanelMoments& window, const PanelProgress& progress, std::uint64_t steps,
               std::set<std::string> networks, std::string dropped);

 private:
  void feed_moments(const PanelMoments& moments, const WatchedTaps& taps, const Recorder& record);
  void add_pairs(std::size_t index, const WatchedTaps& taps);

  Stream stream_;
  const MonitorOptions& options_;
  Panel panel_;
  std::set<std::string> networks_;  ///< seen in the stream so far
  std::uint64_t steps_ = 0;         ///< since the last end
  std::string dropped_;
};

}  // namespace livecca
