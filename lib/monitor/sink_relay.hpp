#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "livecca/sinks/sink.hpp"

namespace livecca {

/// Makes the calls of one sink, in order, on a thread of the sink's own. A call that throws is made
/// again after a pause that doubles, up to 64 times the first. So many wait; beyond that the oldest
/// rows are dropped, as what is newest is worth most to a dashboard.
///
/// Thread safety: all members may be called from any thread, but close().
class SinkRelay {
 public:
  using Call = std::function<void(Sink&)>;
  /// Told of every failed try and of dropped calls: "sink_failed" or "sink_dropped", why, how many.
  using Report =
      std::function<void(const std::string& what, const std::string& why, std::uint64_t count)>;

  /// How long it waits before a call is made again, and for calls when it is drained or closed.
  struct Waits {
    std::chrono::duration<double> first_pause;
    std::chrono::duration<double> drain = std::chrono::seconds(5);
  };

  /// Throws Error if the thread cannot be had.
  SinkRelay(std::shared_ptr<Sink> sink, Waits waits, Report report);
  ~SinkRelay() { close(); }
  SinkRelay(const SinkRelay&) = delete;
  SinkRelay& operator=(const SinkRelay&) = delete;

  /// A call that must not be dropped, as others build on it, is `kept`.
  void give(Call call, bool kept = false);
  /// Waits until all calls so far are made, but not for a sink that fails (it is tried once more)
  /// or hangs.
  void drain();
  /// The same, then closes the sink and reports nothing more. A call that hangs for ever is left
  /// behind with its thread.
  void close();

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;  ///< the thread's too, which outlives this if a call hangs
  std::thread thread_;
};

/// All sinks of a run.
class SinkRelays {
 public:
  /// `report` gets the sink's name, too.
  using Report = std::function<void(const std::string& sink, const std::string& what,
                                    const std::string& why, std::uint64_t count)>;

  SinkRelays(const std::vector<std::shared_ptr<Sink>>& sinks, SinkRelay::Waits waits,
             const Report& report);
  ~SinkRelays() { close(); }
  SinkRelays(const SinkRelays&) = delete;
  SinkRelays& operator=(const SinkRelays&) = delete;

  bool empty() const { return relays_.empty(); }
  void give(const SinkRelay::Call& call, bool kept = false) const;
  void drain() const;
  /// See SinkRelay::close().
  void close() const;

 private:
  std::vector<std::unique_ptr<SinkRelay>> relays_;
};

}  // namespace livecca
