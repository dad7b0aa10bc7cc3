#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "sinks/run_writer.hpp"

namespace livecca {

/// Calls the user's on_event and on_snapshot, in order and one at a time, while no lock of the
/// monitor is held: they may call the monitor.
///
/// A thread of its own calls them. A monitor that is synchronous has no such thread: its members
/// call deliver() before they return. No call is made before the first call of a member, because a
/// callback may use the variable that the new monitor is assigned to.
///
/// At most 4096 events and 256 reports wait. Beyond that the oldest of their kind are dropped, with
/// an event "callback_dropped".
///
/// Thread safety: all members may be called from any thread, but start() and stop().
class Callbacks {
 public:
  /// Both are borrowed. Until start() the writer need not be there.
  Callbacks(const MonitorOptions& options, RunWriter& writer)
      : options_(options), writer_(writer) {}
  /// Makes no call: the monitor's parts are gone.
  ~Callbacks() { stop(); }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  /// Throws Error if the thread cannot be had.
  void start();
  /// Calls may be made from now on. Called after start(), by the first member.
  void open() noexcept;
  /// Waits for the call that is being made. Drops those that wait, and makes no more.
  void stop() noexcept;

  /// Throw std::bad_alloc if the call cannot wait; it is then not made.
  void event(const Event& event);
  void snapshot(const std::shared_ptr<const SnapshotReport>& report);

  /// Makes the calls that wait on this thread, unless there is another one for it, or one is being
  /// made: what a callback causes comes after it.
  void deliver() noexcept;
  /// Waits until all calls are made. From within a callback it waits for nothing.
  void drain() noexcept;
  /// How many calls have returned.
  std::uint64_t made() const noexcept { return made_; }

 private:
  enum Kind : std::size_t { on_event, on_snapshot };
  static constexpr std::array<const char*, 2> names{"on_event", "on_snapshot"};
  static constexpr std::array<std::size_t, 2> most_waiting{4096, 256};

  struct Call {
    std::shared_ptr<const Event> event;
    std::shared_ptr<const SnapshotReport> report;

    Kind kind() const { return event ? on_event : on_snapshot; }
    std::int64_t epoch() const { return event ? event->epoch : report->epoch; }
  };

  void add(Call call);
  void make(const Call& call) noexcept;
  void tell_dropped(std::int64_t epoch, const std::array<std::uint64_t, 2>& dropped) noexcept;
  /// Makes all that wait. Needs the lock, and holds it at its end.
  void make_waiting(std::unique_lock<std::mutex>& lock) noexcept;
  void work() noexcept;

  const MonitorOptions& options_;
  RunWriter& writer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> waiting_;
  std::array<std::size_t, 2> of_kind_{};    ///< of those, by kind
  std::array<std::uint64_t, 2> dropped_{};  ///< by kind, and not told yet
  std::thread::id calling_;  ///< the thread that makes a call now; none: a default one
  std::atomic<std::uint64_t> made_{0};
  std::atomic<bool> is_open_{false};
  bool is_stopped_ = false;
  std::thread thread_;
};

/// A member of the monitor is called. A synchronous monitor's callbacks are called at its end, when
/// no lock is held.
class DeliveryAtEnd {
 public:
  explicit DeliveryAtEnd(Callbacks& callbacks) : callbacks_(callbacks) { callbacks_.open(); }
  ~DeliveryAtEnd() { callbacks_.deliver(); }
  DeliveryAtEnd(const DeliveryAtEnd&) = delete;
  DeliveryAtEnd& operator=(const DeliveryAtEnd&) = delete;

 private:
  Callbacks& callbacks_;
};

}  // namespace livecca
