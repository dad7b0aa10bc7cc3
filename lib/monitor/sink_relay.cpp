#include "monitor/sink_relay.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

constexpr std::size_t most_waiting = 256;
constexpr double longest_pause = 64;  // of the first

std::string what_went_wrong(const std::function<void()>& action) {
  try {
    action();
    return {};
  } catch (const std::exception& failure) {
    const std::string why = failure.what();
    return why.empty() ? "an exception without a message" : why;
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

}  // namespace

/// What the thread and its owner share.
struct SinkRelay::Shared {
  struct Waiting {
    Call call;
    bool kept;
  };

  std::shared_ptr<Sink> sink;
  Waits waits{};

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Waiting> waiting;  ///< the first is being made
  std::uint64_t dropped = 0;    ///< calls that nobody was told of yet
  std::uint64_t tries = 0;      ///< ended ones, of all calls
  bool is_trying = false;
  bool is_failing = false;
  bool hurry = false;  ///< somebody drains: no pause
  bool closing = false;
  bool closed = false;
  std::optional<std::uint64_t> hung_at;  ///< the try that a drain waited for in vain

  std::mutex report_mutex;
  Report report;  ///< empty once it may not be called any more

  void work();
  bool make(const Call& call);
  void pause_for(std::unique_lock<std::mutex>& lock, std::chrono::duration<double> pause);
  void give_up(std::unique_lock<std::mutex>& lock);
  void tell(const std::string& what, const std::string& why, std::uint64_t count);
};

void SinkRelay::Shared::tell(const std::string& what, const std::string& why, std::uint64_t count) {
  const std::lock_guard lock(report_mutex);
  // To run out of memory while telling must not end the thread.
  if (report) what_went_wrong([&] { report(what, why, count); });
}

bool SinkRelay::Shared::make(const Call& call) {
  const std::string why = what_went_wrong([&] { call(*sink); });
  if (!why.empty()) tell("sink_failed", why, 1);
  return why.empty();
}

void SinkRelay::Shared::pause_for(std::unique_lock<std::mutex>& lock,
                                  std::chrono::duration<double> pause) {
  hurry = false;
  changed.wait_for(lock, pause, [&] { return hurry || closing; });
}

/// The run ends, and what waits will not be taken any more.
void SinkRelay::Shared::give_up(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t lost = waiting.size() + std::exchange(dropped, 0);
  waiting.clear();
  lock.unlock();
  tell("sink_dropped", "expected it to take all rows before the end, it still fails", lost);
  lock.lock();
}

void SinkRelay::Shared::work() {
  auto pause = waits.first_pause;
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return closing || !waiting.empty(); });
    if (waiting.empty()) break;
    const Call call = waiting.front().call;
    const std::uint64_t lost = std::exchange(dropped, 0);
    is_trying = true;
    lock.unlock();
    if (lost > 0) tell("sink_dropped", "expected it to keep up, the oldest rows are dropped", lost);
    const bool is_made = make(call);
    lock.lock();
    is_trying = false;
    is_failing = !is_made;
    ++tries;
    if (is_made) {
      waiting.pop_front();
      pause = waits.first_pause;
    } else if (closing) {
      give_up(lock);
    }
    changed.notify_all();
    if (is_made || closing) continue;
    pause_for(lock, pause);
    pause = std::min(pause * 2, waits.first_pause * longest_pause);
  }
  lock.unlock();
  make([](Sink& closing_sink) { closing_sink.close(); });
  lock.lock();
  closed = true;
  changed.notify_all();
}

SinkRelay::SinkRelay(std::shared_ptr<Sink> sink, Waits waits, Report report)
    : shared_(std::make_shared<Shared>()) {
  shared_->sink = std::move(sink);
  shared_->waits = waits;
  shared_->report = std::move(report);
  try {
    thread_ = std::thread([shared = shared_] { shared->work(); });
  } catch (const std::system_error& failure) {
    throw Error(std::string("sinks: expected a thread for each, got: ") + failure.what());
  }
}

void SinkRelay::give(Call call, bool kept) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closing) return;
    auto& waiting = shared_->waiting;
    if (waiting.size() >= most_waiting) {
      // Not the first: it is being made.
      const auto oldest = std::find_if(waiting.begin() + 1, waiting.end(),
                                       [](const Shared::Waiting& one) { return !one.kept; });
      if (oldest != waiting.end()) {
        waiting.erase(oldest);
        ++shared_->dropped;
      }
    }
    waiting.push_back({std::move(call), kept});
  }
  shared_->changed.notify_all();
}

void SinkRelay::drain() {
  Shared& shared = *shared_;
  std::unique_lock lock(shared.mutex);
  if (shared.is_trying && shared.hung_at == shared.tries) return;
  const std::uint64_t tries = shared.tries;
  shared.hurry = true;
  shared.changed.notify_all();
  const bool is_done = shared.changed.wait_for(lock, shared.waits.drain, [&] {
    return shared.waiting.empty() || (shared.is_failing && shared.tries > tries);
  });
  shared.hurry = false;
  shared.hung_at.reset();
  if (!is_done && shared.is_trying) shared.hung_at = shared.tries;
}

void SinkRelay::close() {
  if (!thread_.joinable()) return;
  drain();
  bool is_closed = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.notify_all();
    const auto wait = shared_->hung_at ? std::chrono::duration<double>(0) : shared_->waits.drain;
    is_closed = shared_->changed.wait_for(lock, wait, [&] { return shared_->closed; });
  }
  if (is_closed) {
    thread_.join();
  } else {
    thread_.detach();
    shared_->tell("sink_dropped", "expected its call to return before the end, it hangs", 1);
  }
  const std::lock_guard lock(shared_->report_mutex);
  shared_->report = nullptr;
}

SinkRelays::SinkRelays(const std::vector<std::shared_ptr<Sink>>& sinks, SinkRelay::Waits waits,
                       const Report& report) {
  for (const std::shared_ptr<Sink>& sink : sinks) {
    const auto of_this = [report, name = sink->name()](
                             const std::string& what, const std::string& why, std::uint64_t count) {
      report(name, what, why, count);
    };
    relays_.push_back(std::make_unique<SinkRelay>(sink, waits, of_this));
  }
}

void SinkRelays::close() const {
  // All are closed before the first is gone: what one reports is given to the others.
  for (const auto& relay : relays_) relay->close();
}

void SinkRelays::give(const SinkRelay::Call& call, bool kept) const {
  for (const auto& relay : relays_) relay->give(call, kept);
}

void SinkRelays::drain() const {
  for (const auto& relay : relays_) relay->drain();
}

}  // namespace livecca
