// When callbacks begin, when they end, and how many may wait.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "livecca/monitor/monitor.hpp"
#include "monitor/test_knobs.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;
using livecca_tests::write_text;
using namespace std::chrono_literals;

namespace {

MonitorOptions plain_options(const TemporaryFolder& folder, bool synchronous) {
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  options.synchronous = synchronous;
  options.keep_history = false;
  return options;
}

/// Makes a run with a checkpoint and takes rows from it, so that a resume has an event to tell.
std::filesystem::path checkpoint_with_lost_rows(const TemporaryFolder& folder,
                                                const MonitorOptions& options) {
  const auto checkpoint = folder.path() / "checkpoint";
  {
    Monitor monitor(options);
    monitor.log(0, "loss", 1);
    REQUIRE(monitor.save(checkpoint));
  }
  const auto rows = options.run_directory / "rows.jsonl";
  const std::string text = text_of(rows);
  write_text(rows, text.substr(0, text.find('\n') + 1));
  return checkpoint;
}

std::size_t count_of(const std::vector<Event>& events, std::string_view what) {
  return static_cast<std::size_t>(std::ranges::count(events, what, &Event::what));
}

}  // namespace

TEST_CASE("snapshots that callbacks ask for while the monitor goes are solved and told") {
  for (const bool synchronous : {false, true}) {
    CAPTURE(synchronous);
    const TemporaryFolder folder;
    MonitorOptions options = plain_options(folder, synchronous);
    constexpr int asked_for = 4;
    Monitor* running = nullptr;
    std::vector<std::thread::id> told_on;
    options.on_snapshot = [&](const SnapshotReport&) {
      told_on.push_back(std::this_thread::get_id());
      if (told_on.size() < asked_for) running->snapshot(0);
    };
    {
      // Longer than it takes to stop: without waiting for them, the last are told too late.
      Monitor monitor = MonitorForTests::begun(
          options, {.before_solve = [] { std::this_thread::sleep_for(50ms); }});
      running = &monitor;
      monitor.snapshot(0);
    }
    CHECK(told_on.size() == asked_for);
    CHECK(std::ranges::count(told_on, std::this_thread::get_id()) == (synchronous ? asked_for : 0));
    std::size_t solved = 0;
    for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
      solved += line["kind"] == "event" && line["what"] == "overhead";
    }
    CHECK(solved == asked_for);
  }
}

TEST_CASE("callbacks that ask for snapshots without end do not keep the monitor from going") {
  const TemporaryFolder folder;
  MonitorOptions options = plain_options(folder, false);
  Monitor* running = nullptr;
  std::atomic<int> told = 0;
  options.on_snapshot = [&](const SnapshotReport&) {
    ++told;
    running->snapshot(0);
  };
  ::alarm(60);
  {
    Monitor monitor(options);
    running = &monitor;
    monitor.snapshot(0);
  }
  ::alarm(0);
  CHECK(told >= 1);
}

TEST_CASE("a callback may use the variable that a resumed monitor is assigned to") {
  for (const bool synchronous : {false, true}) {
    CAPTURE(synchronous);
    const TemporaryFolder folder;
    MonitorOptions options = plain_options(folder, synchronous);
    const auto checkpoint = checkpoint_with_lost_rows(folder, options);
    std::unique_ptr<Monitor> monitor;
    std::atomic<int> told = 0;
    std::atomic<int> without_monitor = 0;
    options.on_event = [&](const Event& event) {
      if (event.what != "rows_lost") return;
      ++told;
      if (monitor) {
        monitor->log(0, "told", 1);
      } else {
        ++without_monitor;
      }
    };
    auto made = std::make_unique<Monitor>(options, checkpoint);
    std::this_thread::sleep_for(20ms);  // time enough for another thread
    CHECK(told == 0);
    monitor = std::move(made);
    monitor->training_step(0);
    monitor->finish();
    CHECK(told == 1);
    CHECK(without_monitor == 0);
  }
}

TEST_CASE("what a constructor had to tell is told, though no member is ever called") {
  const TemporaryFolder folder;
  MonitorOptions options = plain_options(folder, false);
  const auto checkpoint = checkpoint_with_lost_rows(folder, options);
  std::vector<Event> told;
  options.on_event = [&](const Event& event) { told.push_back(event); };
  { const Monitor monitor(options, checkpoint); }
  CHECK(count_of(told, "rows_lost") == 1);
}

TEST_CASE("events of the last rows are told before finish() returns") {
  const TemporaryFolder folder;
  MonitorOptions options = plain_options(folder, false);
  std::atomic<bool> steps_back = false;
  std::atomic<int> told = 0;
  options.on_event = [&](const Event& event) {
    // No layer is watched: that is told right before the last rows.
    if (event.what == "missing") steps_back = true;
    if (event.what != "clock_stepped_back") return;
    std::this_thread::sleep_for(100ms);
    ++told;
  };
  Monitor monitor =
      MonitorForTests::begun(options, {.wall_clock = [&] { return steps_back ? 1000.0 : 2000.0; }});
  monitor.finish();
  CHECK(told == 1);
}

TEST_CASE("of reports that a slow on_snapshot leaves waiting the oldest are dropped, and counted") {
  const TemporaryFolder folder;
  MonitorOptions options = plain_options(folder, false);
  constexpr int most_waiting = 256;
  constexpr int dropped = 9;
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  std::promise<void> has_begun;
  std::vector<std::int64_t> told;
  std::vector<Event> events;
  options.on_snapshot = [&](const SnapshotReport& report) {
    told.push_back(report.epoch);
    if (told.size() > 1) return;
    has_begun.set_value();
    may_go_on.wait();
  };
  options.on_event = [&](const Event& event) { events.push_back(event); };
  Monitor monitor(options);
  monitor.snapshot(0);
  has_begun.get_future().wait();
  for (int i = 0; i < most_waiting + dropped; ++i) monitor.snapshot(i + 1).wait();
  go_on.set_value();
  monitor.finish();
  // The first is being told, the last ones wait.
  REQUIRE(told.size() == 1 + most_waiting);
  CHECK(told[0] == 0);
  CHECK(told[1] == dropped + 1);
  CHECK(told.back() == most_waiting + dropped);
  REQUIRE(count_of(events, "callback_dropped") == 1);
  const auto event = std::ranges::find(events, "callback_dropped", &Event::what);
  CHECK(event->subject == "on_snapshot");
  CHECK(event->count == dropped);
}
