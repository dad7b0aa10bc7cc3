#include "sinks/sink_relay.hpp"

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

constexpr std::array<std::size_t, 4> most_waiting{SIZE_MAX, 256, 4096, 4096};  // by kind
constexpr std::size_t most_bytes = std::size_t{64} << 20U;                     // of a kind
constexpr double longest_pause = 64;                                           // of the first
constexpr std::chrono::seconds longest_wait{5};
constexpr std::chrono::milliseconds wait_for_slow{100};

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
    std::size_t kind;
    std::size_t bytes;
  };
  struct Kind {
    std::size_t waiting = 0;
    std::size_t bytes = 0;
  };

  std::shared_ptr<Sink> sink;
  std::chrono::duration<double> first_pause{};

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Waiting> waiting;  ///< the first is being made
  std::array<Kind, 4> kinds{};
  std::uint64_t dropped = 0;                  ///< calls that nobody was told of yet
  std::uint64_t tries = 0;                    ///< ended ones, of all calls
  std::optional<std::uint64_t> hung_at = {};  ///< the try that a drain waited for in vain
  bool is_trying = false;
  bool is_slow = false;  ///< the last drain was too short for it
  bool is_failing = false;
  std::string failure;    ///< of the newest try that threw
  bool was_used = false;  ///< a call succeeded
  bool hurry = false;
  bool closing = false;
  bool left_behind = false;
  bool closed = false;

  std::mutex report_mutex;
  Report report;  ///< empty once it may not be called any more

  void work() noexcept;
  bool make(const Call& call) noexcept;
  bool tell(const char* what, const char* why, std::uint64_t count) noexcept;
  void tell_dropped(const char* why) noexcept;
  void tell_left() noexcept;
  void remove(const std::deque<Waiting>::const_iterator& place);
  void make_room(std::size_t kind, std::size_t bytes);
  std::uint64_t forget_waiting();
};

/// False if memory ran out for it.
bool SinkRelay::Shared::tell(const char* what, const char* why, std::uint64_t count) noexcept {
  try {
    const std::lock_guard lock(report_mutex);
    if (report) report(what, why, count);
    return true;
  } catch (...) {
    return false;
  }
}

/// What the sink was still owed when the run ended.
void SinkRelay::Shared::tell_left() noexcept {
  try {
    std::string why = "expected it to take all rows by the end of the run, ";
    {
      const std::lock_guard lock(mutex);
      why += is_trying    ? "a call had not returned"
             : is_failing ? "got: " + failure
                          : "there was not time enough";
    }
    tell_dropped(why.c_str());
  } catch (...) {
    // As in tell().
  }
}

void SinkRelay::Shared::tell_dropped(const char* why) noexcept {
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex);
    count = std::exchange(dropped, 0);
  }
  if (count == 0 || tell("sink_dropped", why, count)) return;
  const std::lock_guard lock(mutex);
  dropped += count;  // told with the next ones
}

bool SinkRelay::Shared::make(const Call& call) noexcept {
  try {
    call(*sink);
    return true;
  } catch (...) {
    try {
      const std::string why = message_of_current_exception();
      {
        const std::lock_guard lock(mutex);
        failure = why;
      }
      tell("sink_failed", why.c_str(), 1);
    } catch (...) {
      // Memory ran out for the message.
    }
    return false;
  }
}

void SinkRelay::Shared::remove(const std::deque<Waiting>::const_iterator& place) {
  Kind& kind = kinds[place->kind];
  --kind.waiting;
  kind.bytes -= place->bytes;
  waiting.erase(place);
}

void SinkRelay::Shared::make_room(std::size_t kind, std::size_t bytes) {
  const Kind& of_kind = kinds[kind];
  while (of_kind.waiting >= most_waiting[kind] || of_kind.bytes + bytes > most_bytes) {
    if (waiting.empty()) return;
    // Not the first: it is being made.
    const auto oldest = std::find_if(waiting.begin() + 1, waiting.end(),
                                     [kind](const Waiting& one) { return one.kind == kind; });
    if (oldest == waiting.end()) return;
    remove(oldest);
    ++dropped;
  }
}

std::uint64_t SinkRelay::Shared::forget_waiting() {
  const std::uint64_t count = waiting.size();
  waiting.clear();
  kinds = {};
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
    // Before the call is done with, so that whoever drains has been told.
    if (is_made && is_failing) tell("sink_recovered", "it takes rows again", 1);
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
  sink->is_serving_ = false;
  closed = true;
  changed.notify_all();
}

SinkRelay::SinkRelay(std::shared_ptr<Sink> sink, std::chrono::duration<double> first_pause,
                     Report report)
    : shared_(std::make_shared<Shared>()) {
  if (sink->is_serving_.exchange(true)) {
    throw Error("sinks: expected one that serves no other run, got " + sink->name());
  }
  shared_->sink = std::move(sink);
  shared_->first_pause = first_pause;
  shared_->report = std::move(report);
  try {
    thread_ = std::thread([shared = shared_] { shared->work(); });
  } catch (const std::system_error& failure) {
    shared_->sink->is_serving_ = false;
    throw Error(std::string("sinks: expected a thread for each, got: ") + failure.what());
  } catch (...) {
    shared_->sink->is_serving_ = false;
    throw;
  }
}

SinkRelay::~SinkRelay() {
  begin_close();
  end_close(Clock::now());
}

void SinkRelay::give(const std::shared_ptr<const Call>& call, SinkCall kind, std::size_t bytes) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closing) return;
    const auto place = static_cast<std::size_t>(kind);
    shared_->make_room(place, bytes);
    shared_->waiting.push_back({call, place, bytes});
    ++shared_->kinds[place].waiting;
    shared_->kinds[place].bytes += bytes;
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
    if (shared.is_slow) until = std::min(until, Clock::now() + wait_for_slow);
    const bool is_done = shared.changed.wait_until(lock, until, [&] {
      return shared.waiting.empty() || (shared.is_failing && shared.tries > hurried);
    });
    shared.hung_at.reset();
    shared.is_slow = !is_done;
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
  shared_->tell_left();
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

void SinkRelays::give(const SinkRelay::Call& call, SinkCall kind, std::size_t bytes) const {
  const auto shared = std::make_shared<const SinkRelay::Call>(call);
  for (const auto& relay : relays_) relay->give(shared, kind, bytes);
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
