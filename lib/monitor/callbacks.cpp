#include "monitor/callbacks.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "livecca/common/error.hpp"
#include "monitor/intake/kept_reason.hpp"

namespace livecca {

void Callbacks::start() {
  if (options_.synchronous || (!options_.on_event && !options_.on_snapshot)) return;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error& failure) {
    throw Error(std::string("monitor: expected a thread for callbacks, got: ") + failure.what());
  }
}

void Callbacks::open() noexcept {
  if (is_open_) return;
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  changed_.notify_all();
}

void Callbacks::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    waiting_.clear();
    of_kind_ = {};
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
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
    if (is_stopped_) return;
    const Kind kind = call.kind();
    waiting_.push_back(std::move(call));
    if (++of_kind_[kind] > most_waiting[kind]) {
      waiting_.erase(std::ranges::find(waiting_, kind, &Call::kind));
      --of_kind_[kind];
      ++dropped_[kind];
    }
  }
  changed_.notify_all();
}

void Callbacks::make(const Call& call) noexcept {
  std::string why;
  try {
    if (call.event) options_.on_event(*call.event);
    if (call.report) options_.on_snapshot(*call.report);
    return;
  } catch (const std::exception& failure) {
    keep_reason(why, failure.what());
  } catch (...) {
    keep_reason(why, "an exception that is not a std::exception");
  }
  writer_.tell([&] {
    return Event{.epoch = call.epoch(),
                 .what = "callback_failed",
                 .subject = names[call.kind()],
                 .message = "expected it not to throw, got: " + why};
  });
}

void Callbacks::tell_dropped(std::int64_t epoch,
                             const std::array<std::uint64_t, 2>& dropped) noexcept {
  for (const Kind kind : {on_event, on_snapshot}) {
    if (dropped[kind] == 0) continue;
    writer_.tell([&] {
      return Event{.epoch = epoch,
                   .what = "callback_dropped",
                   .subject = names[kind],
                   .message = "expected it to keep up, got more than " +
                              std::to_string(most_waiting[kind]) +
                              " calls that wait; the oldest are dropped",
                   .count = dropped[kind]};
    });
  }
}

void Callbacks::make_waiting(std::unique_lock<std::mutex>& lock) noexcept {
  calling_ = std::this_thread::get_id();
  while (!waiting_.empty()) {
    const Call call = std::move(waiting_.front());
    waiting_.pop_front();
    --of_kind_[call.kind()];
    const auto dropped = std::exchange(dropped_, {});
    lock.unlock();
    tell_dropped(call.epoch(), dropped);
    make(call);
    ++made_;
    lock.lock();
  }
  calling_ = {};
  changed_.notify_all();
}

void Callbacks::deliver() noexcept {
  if (thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  if (is_open_ && calling_ == std::thread::id()) make_waiting(lock);
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
    changed_.wait(lock, [&] { return is_stopped_ || (is_open_ && !waiting_.empty()); });
    if (is_stopped_) return;
    make_waiting(lock);
  }
}

}  // namespace livecca
