#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "livecca/common/error.hpp"
#include "sinks/sink_relay.hpp"

using namespace livecca;

namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds long_enough{60'000};
constexpr Milliseconds short_wait{20};

void sleep(Milliseconds time = Milliseconds(1)) { std::this_thread::sleep_for(time); }

class ClosedSink : public Sink {
 public:
  std::string name() const override { return "closed"; }
  void snapshot(const SnapshotRows&, const RowStamp&) override {}
  void close() override { ++closed; }

  std::atomic<int> closed = 0;
};

/// A relay whose first call waits until it is let go, and what it reports.
struct HeldRelay {
  explicit HeldRelay(const std::shared_ptr<Sink>& sink)
      : relay(sink, std::chrono::seconds(1),
              [this](const std::string& what, const std::string&, std::uint64_t count) {
                CHECK(what == "sink_dropped");
                dropped += count;
              }) {
    give([began = began, gate = gate](Sink&) {
      began->set_value();
      gate->get_future().wait();
    });
    began->get_future().wait();
  }

  void give(SinkRelay::Call call, SinkCall kind = SinkCall::snapshot, std::size_t bytes = 0) {
    relay.give(std::make_shared<const SinkRelay::Call>(std::move(call)), kind, bytes);
  }
  void let_go() const { gate->set_value(); }
  void drain(Milliseconds wait) {
    relay.drain(relay.hurry(), std::chrono::steady_clock::now() + wait);
  }
  void close(Milliseconds wait) {
    relay.begin_close();
    relay.end_close(std::chrono::steady_clock::now() + wait);
  }

  std::shared_ptr<std::promise<void>> began = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::promise<void>> gate = std::make_shared<std::promise<void>>();
  std::atomic<std::uint64_t> dropped = 0;
  SinkRelay relay;
};

}  // namespace

TEST_CASE("a relay drops the oldest rows beyond 256, not what is kept, nor for logs") {
  std::vector<int> made;
  std::vector<int> logged;
  HeldRelay held(std::make_shared<ClosedSink>());
  held.give([&](Sink&) { made.push_back(-1); }, SinkCall::kept);
  // With the one in hand, the 255 newest stay.
  for (int i = 0; i < 300; ++i) held.give([&made, i](Sink&) { made.push_back(i); });
  for (int i = 0; i < 5000; ++i) {
    held.give([&logged, i](Sink&) { logged.push_back(i); }, SinkCall::log);
  }
  held.let_go();
  held.drain(long_enough);
  held.close(long_enough);
  CHECK(held.dropped == 45 + 904);
  REQUIRE(made.size() == 256);
  CHECK(made[0] == -1);
  CHECK(made[1] == 45);
  CHECK(made.back() == 299);
  CHECK(std::ranges::is_sorted(made));
  REQUIRE(logged.size() == 4096);
  CHECK(logged[0] == 904);
  CHECK(std::ranges::is_sorted(logged));
}

TEST_CASE("a flood of events pushes no snapshots out, nor do logged numbers") {
  std::vector<int> made;
  HeldRelay held(std::make_shared<ClosedSink>());
  for (int i = 0; i < 20; ++i) {
    held.give([&made, i](Sink&) { made.push_back(i); });
    for (int j = 0; j < 500; ++j) held.give([](Sink&) {}, SinkCall::event);
    for (int j = 0; j < 500; ++j) held.give([](Sink&) {}, SinkCall::log);
  }
  held.let_go();
  held.drain(long_enough);
  held.close(long_enough);
  CHECK(made.size() == 20);
  CHECK(held.dropped == 2 * (10'000 - 4096));
}

TEST_CASE("snapshots wait up to 64 MiB, and one that is larger all the same") {
  constexpr std::size_t mebibyte = std::size_t{1} << 20U;
  std::vector<int> made;
  HeldRelay held(std::make_shared<ClosedSink>());
  for (int i = 0; i < 10; ++i) {
    held.give([&made, i](Sink&) { made.push_back(i); }, SinkCall::snapshot, 16 * mebibyte);
  }
  held.give([](Sink&) {}, SinkCall::event);
  CHECK(held.dropped == 0);  // not told before the sink's thread or a drain comes
  held.let_go();
  held.drain(long_enough);
  CHECK(held.dropped == 6);
  CHECK(made == std::vector<int>{6, 7, 8, 9});
  held.give([&made](Sink&) { made.push_back(10); }, SinkCall::snapshot, 100 * mebibyte);
  held.drain(long_enough);
  CHECK(made.back() == 10);
  held.close(long_enough);
}

TEST_CASE(
    "a call that throws is made again by itself, after pauses that double until one succeeds") {
  using Clock = std::chrono::steady_clock;
  constexpr Milliseconds first_pause{20};
  std::vector<Clock::time_point> tries;
  std::vector<std::string> told;
  std::promise<void> twice;
  int successes = 0;
  SinkRelay relay(
      std::make_shared<ClosedSink>(), first_pause,
      [&](const std::string& what, const std::string&, std::uint64_t) { told.push_back(what); });
  const auto call = std::make_shared<const SinkRelay::Call>([&](Sink&) {
    tries.push_back(Clock::now());
    if (tries.size() != 5 && tries.size() != 7) throw 1;
    if (++successes == 2) twice.set_value();
  });
  // Nobody drains or closes: what calls it again is its own thread.
  relay.give(call, SinkCall::snapshot);
  relay.give(call, SinkCall::snapshot);
  REQUIRE(twice.get_future().wait_for(long_enough) == std::future_status::ready);
  relay.begin_close();
  relay.end_close(Clock::now() + long_enough);
  REQUIRE(tries.size() == 7);
  for (int i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(tries[static_cast<std::size_t>(i) + 1] - tries[static_cast<std::size_t>(i)] >=
          first_pause * (1 << i));
  }
  // The other call begins with the first pause again, not with 16 of them.
  CHECK(tries[6] - tries[5] >= first_pause);
  CHECK(tries[6] - tries[5] < first_pause * 16);
  CHECK(told == std::vector<std::string>{"sink_failed", "sink_failed", "sink_failed", "sink_failed",
                                         "sink_recovered", "sink_failed", "sink_recovered"});
}

TEST_CASE("a call that never returns is waited for once, and left behind with what waits") {
  const auto sink = std::make_shared<ClosedSink>();
  std::atomic<int> made = 0;
  std::shared_ptr<std::promise<void>> gate;
  {
    HeldRelay held(sink);
    gate = held.gate;
    for (int i = 0; i < 300; ++i) held.give([&](Sink&) { ++made; });
    held.drain(short_wait);
    CHECK(held.dropped == 45);  // told here, as its own thread cannot
    // These return at once, or the test does not end in time.
    held.drain(long_enough);
    held.drain(long_enough);
    held.close(long_enough);
    CHECK(held.dropped == 45 + 256);
  }
  CHECK(sink->closed == 0);
  gate->set_value();
  while (sink.use_count() > 1) sleep();
  CHECK(sink->closed == 1);
  CHECK(made == 0);
}

TEST_CASE("a slow sink is no sink that hangs: what it did not do in time is counted") {
  const auto sink = std::make_shared<ClosedSink>();
  std::atomic<int> made = 0;
  HeldRelay held(sink);
  for (int i = 0; i < 200; ++i) {
    held.give([&](Sink&) {
      sleep(Milliseconds(5));
      ++made;
    });
  }
  held.let_go();
  held.drain(short_wait);
  const int before = made;
  held.close(Milliseconds(200));
  while (sink->closed == 0) sleep();
  // It got the time that there was, which a sink that hangs would not.
  CHECK(made > before + 1);
  CHECK(made < 200);
  // The call in hand may be counted, though it was made.
  const int in_all = static_cast<int>(held.dropped) + made;
  CHECK((in_all == 200 || in_all == 201));
}

TEST_CASE("a sink that was left behind serves again once its call has returned") {
  const auto sink = std::make_shared<ClosedSink>();
  HeldRelay held(sink);
  held.close(short_wait);
  CHECK(sink->is_serving());
  held.let_go();
  while (sink->is_serving()) sleep();
  CHECK(sink->closed == 1);
  HeldRelay again(sink);
  again.let_go();
  again.close(long_enough);
  CHECK(sink->closed == 2);
}

TEST_CASE("sinks of which one serves another run are all free again once that is refused") {
  const auto busy = std::make_shared<ClosedSink>();
  const HeldRelay held(busy);
  const auto free = std::make_shared<ClosedSink>();
  CHECK_THROWS_AS(
      SinkRelays({free, busy}, std::chrono::seconds(1),
                 [](const std::string&, const std::string&, const std::string&, std::uint64_t) {}),
      Error);
  while (free->is_serving()) sleep();
  held.let_go();
}

TEST_CASE("a sink of which no call succeeded is not closed") {
  const auto sink = std::make_shared<ClosedSink>();
  {
    SinkRelay relay(sink, std::chrono::seconds(3600),
                    [](const std::string&, const std::string&, std::uint64_t) {});
    relay.give(std::make_shared<const SinkRelay::Call>([](Sink&) { throw 1; }), SinkCall::kept);
    relay.drain(relay.hurry(), std::chrono::steady_clock::now() + long_enough);
    relay.begin_close();
    relay.end_close(std::chrono::steady_clock::now() + long_enough);
  }
  CHECK(sink->closed == 0);
}
