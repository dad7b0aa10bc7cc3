#include "monitor/callbacks.hpp"

#include <exception>
#include <system_error>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {

Callbacks::Callbacks(const MonitorOptions& options, Failed failed)
    : options_(options), failed_(std::move(failed)) {}

void Callbacks::start() {
  {
    const std::lock_guard lock(mutex_);
    is_started_ = true;
  }
  if (options_.synchronous || (!options_.on_event && !options_.on_snapshot)) return deliver();
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error& failure) {
    throw Error(std::string("monitor: expected a thread for callbacks, got: ") + failure.what());
  }
}

void Callbacks::stop() noexcept {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  deliver();
}

void Callbacks::event(const Event& event) {
  if (options_.on_event) add({.event = std::make_shared<const Event>(event), .report = nullptr});
}

void Callbacks::snapshot(const std::shared_ptr<const SnapshotReport>& report) {
  if (options_.on_snapshot) add({.event = nullptr, .report = report});
}

void Callbacks::add(Call call) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(call));
  }
  changed_.notify_all();
}

void Callbacks::make(const Call& call) noexcept {
  try {
    std::string why = "an exception that is not a std::exception";
    try {
      if (call.event) options_.on_event(*call.event);
      if (call.report) options_.on_snapshot(*call.report);
      return;
    } catch (const std::exception& failure) {
      why = failure.what();
    } catch (...) {
    }
    if (call.event) failed_("on_event", call.event->epoch, why);
    if (call.report) failed_("on_snapshot", call.report->epoch, why);
  } catch (...) {
    // No memory for the message.
  }
}

void Callbacks::make_waiting(std::unique_lock<std::mutex>& lock) noexcept {
  calling_ = std::this_thread::get_id();
  while (!waiting_.empty()) {
    const Call call = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    make(call);
    lock.lock();
  }
  calling_ = {};
  changed_.notify_all();
}

void Callbacks::deliver() noexcept {
  if (thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  if (is_started_ && calling_ == std::thread::id()) make_waiting(lock);
}

void Callbacks::drain() noexcept {
  deliver();
  std::unique_lock lock(mutex_);
  if (!thread_.joinable() || calling_ == std::this_thread::get_id()) return;
  changed_.wait(lock, [&] { return waiting_.empty() && calling_ == std::thread::id(); });
}

void Callbacks::work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return is_stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    make_waiting(lock);
  }
}

}  // namespace livecca
