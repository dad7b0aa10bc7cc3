#include "shared_monitor.hpp"

#include <unistd.h>

#include <exception>
#include <string>
#include <utility>

#include "livecca/common/error.hpp"
#include "livecca/monitor/snapshot_report.hpp"

namespace livecca::python {
namespace {

/// The innermost call of this thread, of whichever monitor.
thread_local const SharedMonitor::Call* innermost = nullptr;

}  // namespace

class SharedMonitor::Alone {
 public:
  Alone(SharedMonitor& monitor, const char* what) : monitor_(monitor) {
    monitor_.expect_outside(what);
    if (monitor_.is_forked()) return;
    std::unique_lock lock(monitor_.mutex_);
    monitor_.changed_.wait(lock, [&] { return !monitor_.is_alone_; });
    monitor_.is_alone_ = true;
    monitor_.changed_.wait(lock, [&] { return monitor_.calls_ == 0; });
  }
  ~Alone() {
    if (monitor_.is_forked()) return;
    {
      const std::lock_guard lock(monitor_.mutex_);
      monitor_.is_alone_ = false;
    }
    monitor_.changed_.notify_all();
  }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  SharedMonitor& monitor_;
};

SharedMonitor::Call::Call(SharedMonitor& monitor) : monitor_(monitor), outer_(innermost) {
  // A call from within another one must not wait, and in a child of fork() locks may be taken for
  // ever.
  if (!monitor_.is_called_here() && !monitor_.is_forked()) {
    std::unique_lock lock(monitor_.mutex_);
    monitor_.changed_.wait(lock, [&] { return !monitor_.is_alone_; });
    ++monitor_.calls_;
    is_counted_ = true;
  }
  innermost = this;
}

SharedMonitor::Call::Call(SharedMonitor& monitor, IsCallback)
    : monitor_(monitor), outer_(std::exchange(innermost, this)) {}

SharedMonitor::Call::~Call() {
  innermost = outer_;
  if (!is_counted_) return;
  {
    const std::lock_guard lock(monitor_.mutex_);
    --monitor_.calls_;
  }
  monitor_.changed_.notify_all();
}

Monitor& SharedMonitor::Call::get() const {
  if (monitor_.monitor_ == nullptr) {
    throw Error("expected a monitor that is not finished; finish() or close() ended it");
  }
  return *monitor_.monitor_;
}

SharedMonitor::SharedMonitor(MonitorOptions options,
                             const std::optional<std::filesystem::path>& checkpoint)
    : process_(::getpid()) {
  const auto marked = [this](auto function) {
    return [this, function = std::move(function)](const auto& what) {
      const Call inside(*this, Call::IsCallback());
      function(what);
    };
  };
  if (options.on_event) options.on_event = marked(std::move(options.on_event));
  if (options.on_snapshot) options.on_snapshot = marked(std::move(options.on_snapshot));
  monitor_ = (checkpoint ? std::make_unique<Monitor>(std::move(options), *checkpoint)
                         : std::make_unique<Monitor>(std::move(options)))
                 .release();
}

SharedMonitor::~SharedMonitor() = default;  // Nobody could wait for the end of a monitor now.

bool SharedMonitor::is_forked() const { return ::getpid() != process_; }

bool SharedMonitor::is_called_here() const {
  for (const Call* call = innermost; call != nullptr; call = call->outer_) {
    if (&call->monitor_ == this) return true;
  }
  return false;
}

void SharedMonitor::expect_outside(const std::string& what) const {
  if (!is_called_here()) return;
  throw Error(what +
              ": expected a call from outside of the monitor, got one from its own on_event, "
              "on_snapshot or Schedule.when(), which it would wait for; call it after training");
}

SnapshotReport SharedMonitor::finish() {
  const Alone alone(*this, "finish");
  if (monitor_ == nullptr) throw Error("expected a monitor that is not finished; finish() or close() ended it");
  SnapshotReport report = monitor_->finish();
  is_finished_ = true;
  return report;
}

void SharedMonitor::close() {
  if (is_forked()) return;  // the run is the parent's
  const Alone alone(*this, "close");
  if (monitor_ == nullptr) return;
  drop_steps();  // an open step of the probe would forbid the end of the run
  std::string why;
  try {
    if (!std::exchange(is_finished_, true)) monitor_->finish();
  } catch (const std::exception& failure) {
    why = failure.what();
  }
  drop_steps();  // callbacks may have begun some
  delete monitor_;
  monitor_ = nullptr;
  if (!why.empty()) throw Error(why);
}

void SharedMonitor::drop_steps() {
  std::vector<std::shared_ptr<SharedStep>> open;
  {
    const std::lock_guard lock(mutex_);
    open.swap(steps_);
  }
  for (const auto& step : open) {
    const std::scoped_lock lock(step->mutex);
    step->step.reset();
  }
}

void SharedMonitor::add(std::shared_ptr<SharedStep> step) {
  if (is_forked()) return;
  const std::lock_guard lock(mutex_);
  steps_.push_back(std::move(step));
}

void SharedMonitor::remove(const std::shared_ptr<SharedStep>& step) {
  if (is_forked()) return;
  const std::lock_guard lock(mutex_);
  std::erase(steps_, step);
}

}  // namespace livecca::python
