// Callbacks may call the monitor, from their own thread and from others. A hang ends this program.

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "monitor/test_knobs.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;

namespace {

/// SIGALRM ends a program whose callbacks hang.
class Watchdog {
 public:
  Watchdog() { ::alarm(seconds); }
  ~Watchdog() { ::alarm(0); }

 private:
  static constexpr unsigned seconds = 60;
};

/// A training that is watched by a monitor which its callbacks call.
class CallbackRun {
 public:
  CallbackRun(bool synchronous, bool on_other_thread)
      : on_other_thread_(on_other_thread),
        x_(normal_matrix(40, 3, 1)),
        y_(normal_matrix(40, 3, 2)) {
    options.run_directory = folder.path() / "run";
    options.synchronous = synchronous;
    options.threads = 1;
    options.queue_steps = 2;  // less than what callbacks add
    options.keep_history = false;
  }

  /// Calls all that a callback may call, the first few times.
  void call_monitor() {
    if (!monitor || calls_++ >= most_calls) return;
    const auto call = [this] {
      monitor->log(0, "called", 1);
      if (only_logs) return;
      if (!monitor->save(folder.path() / "checkpoint")) ++failures;
      try {
        monitor->snapshot(0, Stream::train);
      } catch (const Error&) {
        // A call that came after finish() was called.
      }
      monitor->latest({"fc", "ref", "pwcca"});
      monitor->training_step(0);
    };
    if (on_other_thread_) {
      std::thread(call).join();
    } else {
      call();
    }
    ++finished_calls;
  }

  void train() {
    const Watchdog watchdog;
    monitor.reset(new Monitor(MonitorForTests::begun(options, knobs)));
    const TapHandle net = monitor->watch("net", "fc", Layout::nc);
    const TapHandle ref = monitor->watch("ref", "fc", Layout::nc);
    for (int epoch = 0; epoch < 4; ++epoch) {
      for (int i = 0; i < 4; ++i) {
        if (auto step = monitor->begin_if_due(Stream::train, epoch)) {
          step->observe(net, view_of(x_));
          step->observe(ref, view_of(y_));
          step->report_unwatchable("tap " + std::to_string(epoch), "an event");
          step->commit();
        }
      }
      monitor->snapshot(epoch);
    }
    while (expects_calls && finished_calls == 0) std::this_thread::yield();
    monitor->finish();
    monitor.reset();
  }

  std::size_t logged() const {
    std::size_t count = 0;
    for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
      count += line["kind"] == "log" && line["name"] == "called";
    }
    return count;
  }

  TemporaryFolder folder;
  MonitorOptions options;
  TestKnobs knobs;
  bool expects_calls = false;
  bool only_logs = false;
  std::unique_ptr<Monitor> monitor;
  std::atomic<std::size_t> finished_calls{0};
  std::atomic<int> failures{0};

 private:
  static constexpr std::size_t most_calls = 3;

  bool on_other_thread_;
  std::atomic<std::size_t> calls_{0};
  Eigen::MatrixXd x_;
  Eigen::MatrixXd y_;
};

using Register = std::function<void(CallbackRun&)>;

void expect_no_hang(const Register& register_callback) {
  for (const bool synchronous : {false, true}) {
    for (const bool on_other_thread : {false, true}) {
      CAPTURE(synchronous);
      CAPTURE(on_other_thread);
      CallbackRun run(synchronous, on_other_thread);
      run.options.train_schedule = Schedule::every_steps(1);
      run.expects_calls = true;
      register_callback(run);
      run.train();
      CHECK(run.finished_calls >= 1);
      CHECK(run.logged() >= run.finished_calls);
      CHECK(run.failures == 0);
    }
  }
}

}  // namespace

TEST_CASE("on_event may log, save and snapshot, itself or through another thread") {
  expect_no_hang(
      [](CallbackRun& run) { run.options.on_event = [&](const Event&) { run.call_monitor(); }; });
}

TEST_CASE("on_snapshot may log, save and snapshot, itself or through another thread") {
  expect_no_hang([](CallbackRun& run) {
    run.options.on_snapshot = [&](const SnapshotReport&) { run.call_monitor(); };
  });
}

TEST_CASE("a schedule's predicate may log, save and snapshot, itself or through another thread") {
  expect_no_hang([](CallbackRun& run) {
    run.options.train_schedule = Schedule::when([&](const Progress&) {
      run.call_monitor();
      return true;
    });
  });
}

TEST_CASE("the clock may log, itself or through another thread") {
  expect_no_hang([](CallbackRun& run) {
    run.only_logs = true;
    auto is_inside = std::make_shared<std::atomic<bool>>(false);
    run.knobs.wall_clock = [&run, is_inside] {
      // What it calls writes rows and asks the clock again.
      if (!is_inside->exchange(true)) {
        run.call_monitor();
        *is_inside = false;
      }
      return 1000.0;
    };
  });
}

TEST_CASE("events are told once each, in the order of their rows, and before finish() returns") {
  for (const bool synchronous : {false, true}) {
    CallbackRun run(synchronous, false);
    std::vector<std::string> told;
    run.options.train_schedule = Schedule::every_epochs(1);
    run.options.on_event = [&](const Event& event) { told.push_back(event.subject); };
    run.train();
    std::vector<std::string> written;
    for (const auto& line : read_lines(run.options.run_directory / "rows.jsonl")) {
      if (line["kind"] == "event" && line["what"] == "unwatchable") {
        written.push_back(line["subject"]);
      }
    }
    std::erase_if(told, [](const std::string& subject) { return !subject.starts_with("tap "); });
    CHECK(written.size() == 4);
    CHECK(told == written);
  }
}
