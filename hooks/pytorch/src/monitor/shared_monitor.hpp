#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "livecca/monitor/monitor.hpp"

namespace livecca::python {

/// A step, which threads of Python may use at the same time. Empty once it was discarded.
struct SharedStep {
  std::recursive_mutex mutex;  ///< a commit may call a callback, which may use the step
  std::optional<Monitor::Step> step;
};

/// A monitor that Python may use, finish, close and let go on any threads at the same time.
/// finish() and the end of a Monitor must not overlap with other calls, so they wait for those, and
/// later calls wait for them. Its open steps are dropped when it is closed, whoever holds them.
///
/// All members that wait are called without Python's lock: callbacks may be waiting for that.
class SharedMonitor {
 public:
  /// Throws Error as the constructors of Monitor do.
  SharedMonitor(MonitorOptions options, const std::optional<std::filesystem::path>& checkpoint);
  /// Waits for nothing, and ends no run.
  ~SharedMonitor();
  SharedMonitor(const SharedMonitor&) = delete;
  SharedMonitor& operator=(const SharedMonitor&) = delete;

  SnapshotReport finish();
  /// Finishes the run if that was not done, and lets the monitor go. May be called again.
  void close();
  /// Whether this thread is in one of the monitor's own callbacks or calls.
  bool is_called_here() const;
  /// Throws Error there, where `what` would wait for itself: "finish" or "close".
  void expect_outside(const std::string& what) const;

  void add(std::shared_ptr<SharedStep> step);
  void remove(const std::shared_ptr<SharedStep>& step);

  /// A call of the monitor, as long as it lives.
  class Call {
   public:
    explicit Call(SharedMonitor& monitor);
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// Null if it is closed.
    Monitor* if_open() const { return monitor_.monitor_; }
    /// Throws Error if it is closed.
    Monitor& get() const;

   private:
    friend class SharedMonitor;
    /// A callback that livecca makes on a thread of its own.
    struct IsCallback {};
    Call(SharedMonitor& monitor, IsCallback);

    SharedMonitor& monitor_;
    bool is_counted_ = false;
    const Call* outer_;  ///< of this thread
  };

 private:
  /// The only call, as long as it lives.
  class Alone;

  bool is_forked() const;
  void drop_steps();

  const std::int64_t process_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t calls_ = 0;
  bool is_alone_ = false;
  Monitor* monitor_ = nullptr;  ///< callbacks may call it while it ends
  bool is_finished_ = false;
  std::vector<std::shared_ptr<SharedStep>> steps_;
};

}  // namespace livecca::python
