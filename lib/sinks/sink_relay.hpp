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

/// What a sink's call is worth while it waits: the oldest of a kind go first.
enum class SinkCall : std::uint8_t {
  kept,      ///< never dropped, as others build on it
  snapshot,  ///< 256 or 64 MiB may wait
  event,     ///< 4096 may wait
  log        ///< a number of the user's; 4096 may wait
};

/// Makes the calls of one sink, in order, on a thread of the sink's own. A call that throws is made
/// again after a pause that doubles, up to 64 times the first. Beyond what may wait the oldest are
/// dropped, as what is newest is worth most to a dashboard.
///
/// Thread safety: all members may be called from any thread, but those that close.
class SinkRelay {
 public:
  using Call = std::function<void(Sink&)>;
  using Time = std::chrono::steady_clock::time_point;
  /// Told of every failed try, of the first that succeeds after one, and of dropped calls:
  /// "sink_failed", "sink_recovered" or "sink_dropped", why, how many.
  using Report =
      std::function<void(const std::string& what, const std::string& why, std::uint64_t count)>;

  /// Throws Error if the thread cannot be had.
  SinkRelay(std::shared_ptr<Sink> sink, std::chrono::duration<double> first_pause, Report report);
  /// Closes, and waits for nothing.
  ~SinkRelay();
  SinkRelay(const SinkRelay&) = delete;
  SinkRelay& operator=(const SinkRelay&) = delete;

  /// `bytes` is what the call keeps in memory.
  void give(const std::shared_ptr<const Call>& call, SinkCall kind, std::size_t bytes = 0);
  /// A call that is pausing is made now. Returns what drain() takes.
  std::uint64_t hurry();
  /// Waits until all calls are made, but not for a sink that failed since hurry(), nor for one that
  /// is still in the call that an earlier drain() waited for in vain; 100 ms for one that was too
  /// slow for the last drain().
  void drain(std::uint64_t hurried, Time until);
  /// Nothing more is given: what waits is made, a call that throws is not made again, then the sink
  /// is closed.
  void begin_close();
  /// Waits for that. What is not made then is dropped, and a call that hangs is left behind with
  /// its thread. Nothing is reported afterwards.
  void end_close(Time until);

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;  ///< the thread's too, which outlives this if a call hangs
  std::thread thread_;
};

/// All sinks of a run. Thread safe, but for the destructor and close().
class SinkRelays {
 public:
  /// `report` gets the sink's name, too; of several sinks of one name the second is "name 2".
  using Report = std::function<void(const std::string& sink, const std::string& what,
                                    const std::string& why, std::uint64_t count)>;

  SinkRelays(const std::vector<std::shared_ptr<Sink>>& sinks,
             std::chrono::duration<double> first_pause, const Report& report);
  ~SinkRelays() { close(); }
  SinkRelays(const SinkRelays&) = delete;
  SinkRelays& operator=(const SinkRelays&) = delete;

  bool empty() const { return relays_.empty(); }
  void give(const SinkRelay::Call& call, SinkCall kind, std::size_t bytes = 0) const;
  /// Waits for all sinks together, 5 s at most.
  void drain() const;
  /// The same, and closes them.
  void close() const;

 private:
  std::vector<std::unique_ptr<SinkRelay>> relays_;
};

}  // namespace livecca
