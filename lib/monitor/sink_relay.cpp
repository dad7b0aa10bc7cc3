#include "monitor/sink_relay.hpp"

#include <algorithm>
#include <array>
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

using Clock = std::chrono::steady_clock;

constexpr std::array<std::size_t, 3> most_waiting{SIZE_MAX, 256, 4096};  // by kind
constexpr double longest_pause = 64;                                     // of the first
constexpr std::chrono::seconds longest_wait{5};

std::string message_of_current_exception() {
  try {
    throw;
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
    std::shared_ptr<const Call> call;
    SinkCall kind;
  };

  std::shared_ptr<Sink> sink;
  std::chrono::duration<double> first_pause{};

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Waiting> waiting;                ///< the first is being made
  std::array<std::size_t, 3> waiting_of{};    ///< how many of each kind
  std::uint64_t dropped = 0;                  ///< calls that nobody was told of yet
  std::uint64_t tries = 0;                    ///< ended ones, of all calls
  std::optional<std::uint64_t> hung_at = {};  ///< the try that a drain waited for in vain
  bool is_trying = false;
  bool is_failing = false;
  bool was_used = false;  ///< a call succeeded
  bool hurry = false;
  bool closing = false;
  bool left_behind = false;
  bool closed = false;

  std::mutex report_mutex;
  Report report;  ///< empty once it may not be called any more

  void work() noexcept;
  bool make(const Call& call) noexcept;
  void tell(const std::string& what, const std::string& why, std::uint64_t count) noexcept;
  void tell_dropped(const char* why) noexcept;
  void remove(std::deque<Waiting>::iterator place);
  std::uint64_t forget_waiting();
};

void SinkRelay::Shared::tell(const std::string& what, const std::string& why,
                             std::uint64_t count) noexcept {
  try {
    const std::lock_guard lock(report_mutex);
    if (report) report(what, why, count);
  } catch (...) {
    // Memory ran out while it was told.
  }
}

void SinkRelay::Shared::tell_dropped(const char* why) noexcept {
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex);
    count = std::exchange(dropped, 0);
  }
  try {
    if (count > 0) tell("sink_dropped", why, count);
  } catch (...) {
    // As in tell().
  }
}

bool SinkRelay::Shared::make(const Call& call) noexcept {
  try {
    call(*sink);
    return true;
  } catch (...) {
    try {
      tell("sink_failed", message_of_current_exception(), 1);
    } catch (...) {
      // Memory ran out for the message.
    }
    return false;
  }
}

void SinkRelay::Shared::remove(std::deque<Waiting>::iterator place) {
  --waiting_of[static_cast<std::size_t>(place->kind)];
  waiting.erase(place);
}

std::uint64_t SinkRelay::Shared::forget_waiting() {
  const std::uint64_t count = waiting.size();
  waiting.clear();
  waiting_of = {};
  return count;
}

void SinkRelay::Shared::work() noexcept {
  auto pause = first_pause;
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return closing || !waiting.empty(); });
    if (waiting.empty()) break;
    const std::shared_ptr<const Call> call = waiting.front().call;
    is_trying = true;
    lock.unlock();
    tell_dropped("expected it to keep up, the oldest rows are dropped");
    const bool is_made = make(*call);
    lock.lock();
    is_trying = false;
    is_failing = !is_made;
    was_used |= is_made;
    ++tries;
    if (left_behind) break;
    if (is_made) {
      remove(waiting.begin());
      pause = first_pause;
    } else if (closing) {
      dropped += forget_waiting();
    }
    if (waiting.empty()) hurry = false;
    changed.notify_all();
    if (is_made || closing) continue;
    changed.wait_for(lock, pause, [&] { return hurry || closing; });
    hurry = false;
    pause = std::min(pause * 2, first_pause * longest_pause);
  }
  lock.unlock();
  if (was_used) make([](Sink& one) { one.close(); });
  lock.lock();
  closed = true;
  changed.notify_all();
}

SinkRelay::SinkRelay(std::shared_ptr<Sink> sink, std::chrono::duration<double> first_pause,
                     Report report)
    : shared_(std::make_shared<Shared>()) {
  shared_->sink = std::move(sink);
  shared_->first_pause = first_pause;
  shared_->report = std::move(report);
  try {
    thread_ = std::thread([shared = shared_] { shared->work(); });
  } catch (const std::system_error& failure) {
    throw Error(std::string("sinks: expected a thread for each, got: ") + failure.what());
  }
}

SinkRelay::~SinkRelay() {
  begin_close();
  end_close(Clock::now());
}

void SinkRelay::give(const std::shared_ptr<const Call>& call, SinkCall kind) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closing) return;
    auto& waiting = shared_->waiting;
    auto& count = shared_->waiting_of[static_cast<std::size_t>(kind)];
    if (count >= most_waiting[static_cast<std::size_t>(kind)]) {
      // Not the first: it is being made.
      const auto oldest =
          std::find_if(waiting.begin() + 1, waiting.end(),
                       [kind](const Shared::Waiting& one) { return one.kind == kind; });
      if (oldest != waiting.end()) {
        shared_->remove(oldest);
        ++shared_->dropped;
      }
    }
    waiting.push_back({call, kind});
    ++count;
  }
  shared_->changed.notify_all();
}

std::uint64_t SinkRelay::hurry() {
  const std::lock_guard lock(shared_->mutex);
  shared_->hurry = !shared_->waiting.empty();
  shared_->changed.notify_all();
  return shared_->tries;
}

void SinkRelay::drain(std::uint64_t hurried, Time until) {
  Shared& shared = *shared_;
  {
    std::unique_lock lock(shared.mutex);
    if (shared.is_trying && shared.hung_at == shared.tries) return;
    const bool is_done = shared.changed.wait_until(lock, until, [&] {
      return shared.waiting.empty() || (shared.is_failing && shared.tries > hurried);
    });
    shared.hung_at.reset();
    if (!is_done && shared.is_trying && shared.tries == hurried) shared.hung_at = hurried;
  }
  // Its own thread may hang.
  shared.tell_dropped("expected it to keep up, the oldest rows are dropped");
}

void SinkRelay::begin_close() {
  const std::lock_guard lock(shared_->mutex);
  shared_->closing = true;
  shared_->changed.notify_all();
}

void SinkRelay::end_close(Time until) {
  if (!thread_.joinable()) return;
  bool is_closed = false;
  {
    Shared& shared = *shared_;
    std::unique_lock lock(shared.mutex);
    if (shared.is_trying && shared.hung_at == shared.tries) until = Clock::now();
    is_closed = shared.changed.wait_until(lock, until, [&] { return shared.closed; });
    shared.left_behind = !is_closed;
    shared.dropped += shared.forget_waiting();
  }
  if (is_closed) {
    thread_.join();
  } else {
    thread_.detach();
  }
  shared_->tell_dropped("expected it to take all rows by the end of the run, these it did not");
  const std::lock_guard lock(shared_->report_mutex);
  shared_->report = nullptr;
}

SinkRelays::SinkRelays(const std::vector<std::shared_ptr<Sink>>& sinks,
                       std::chrono::duration<double> first_pause, const Report& report) {
  std::vector<std::string> names;
  for (const std::shared_ptr<Sink>& sink : sinks) {
    std::string name = sink->name();
    names.push_back(name);
    if (const auto twins = std::ranges::count(names, name); twins > 1) {
      name += ' ' + std::to_string(twins);
    }
    const auto of_this = [report, name](const std::string& what, const std::string& why,
                                        std::uint64_t count) { report(name, what, why, count); };
    relays_.push_back(std::make_unique<SinkRelay>(sink, first_pause, of_this));
  }
}

void SinkRelays::give(const SinkRelay::Call& call, SinkCall kind) const {
  const auto shared = std::make_shared<const SinkRelay::Call>(call);
  for (const auto& relay : relays_) relay->give(shared, kind);
}

void SinkRelays::drain() const {
  const auto until = Clock::now() + longest_wait;
  std::vector<std::uint64_t> hurried;
  for (const auto& relay : relays_) hurried.push_back(relay->hurry());
  for (std::size_t i = 0; i < relays_.size(); ++i) relays_[i]->drain(hurried[i], until);
}

void SinkRelays::close() const {
  const auto until = Clock::now() + longest_wait;
  for (const auto& relay : relays_) relay->begin_close();
  for (const auto& relay : relays_) relay->end_close(until);
}

}  // namespace livecca
