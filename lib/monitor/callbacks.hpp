#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"

namespace livecca {

/// Calls the user's on_event and on_snapshot, in order and one at a time, while no lock of the
/// monitor is held: they may call the monitor.
///
/// A thread of its own calls them. A monitor that is synchronous has no such thread: its members
/// call deliver() before they return.
///
/// Thread safety: all members may be called from any thread, but start() and stop().
class Callbacks {
 public:
  /// Told of a callback that threw: its name, the epoch and why.
  using Failed =
      std::function<void(const char* callback, std::int64_t epoch, const std::string& why)>;

  /// The options are borrowed.
  Callbacks(const MonitorOptions& options, Failed failed);
  ~Callbacks() { stop(); }
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;

  /// Calls may be made from now on. Throws Error if the thread cannot be had.
  void start();
  /// Makes the calls that wait, and no more afterwards.
  void stop() noexcept;

  /// Throw std::bad_alloc if the call cannot wait; it is then not made.
  void event(const Event& event);
  void snapshot(const std::shared_ptr<const SnapshotReport>& report);

  /// Makes the calls that wait on this thread, unless there is another one for it, or one is being
  /// made: what a callback causes comes after it.
  void deliver() noexcept;
  /// Waits until all calls are made. From within a callback it waits for nothing.
  void drain() noexcept;

 private:
  struct Call {
    std::shared_ptr<const Event> event;
    std::shared_ptr<const SnapshotReport> report;
  };

  void add(Call call);
  void make(const Call& call) noexcept;
  /// Makes all that wait. Needs the lock, and holds it at its end.
  void make_waiting(std::unique_lock<std::mutex>& lock) noexcept;
  void work() noexcept;

  const MonitorOptions& options_;
  Failed failed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> waiting_;
  std::thread::id calling_;  ///< the thread that makes a call now; none: a default one
  bool is_started_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

/// Lets a synchronous monitor's callbacks be called at the end of a member, when no lock is held.
class DeliveryAtEnd {
 public:
  explicit DeliveryAtEnd(Callbacks& callbacks) : callbacks_(callbacks) {}
  ~DeliveryAtEnd() { callbacks_.deliver(); }
  DeliveryAtEnd(const DeliveryAtEnd&) = delete;
  DeliveryAtEnd& operator=(const DeliveryAtEnd&) = delete;

 private:
  Callbacks& callbacks_;
};

}  // namespace livecca
