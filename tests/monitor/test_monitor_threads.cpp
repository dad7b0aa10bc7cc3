#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "livecca/common/error.hpp"
#include "monitor/test_knobs.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::sum_of_overhead;
using livecca_tests::TemporaryFolder;
using livecca_tests::TinyTraining;
using namespace std::chrono_literals;

namespace {

constexpr int trainers = 3;
constexpr int steps = 60;
constexpr int snapshots = 12;

/// Each tenth step is given up.
void train(Monitor& monitor, int trainer) {
  const Eigen::MatrixXd x = normal_matrix(24, 4, static_cast<std::uint64_t>(trainer));
  for (int i = 0; i < steps; ++i) {
    auto step = monitor.begin(Stream::train, i);
    step.observe(monitor.watch("net", "fc", Layout::nc), view_of(x));
    step.observe(monitor.watch("ref", "fc", Layout::nc), view_of(x));
    if (i % 10 != 9) step.commit();
  }
}

void probe_and_snapshot(Monitor& monitor) {
  const Eigen::MatrixXd x = normal_matrix(64, 4, 99);
  for (int i = 0; i < snapshots; ++i) {
    auto step = monitor.begin(Stream::probe, i);
    step.set_inputs(view_of(x));
    step.observe(monitor.watch("net", "fc", Layout::nc), view_of(x));
    step.observe(monitor.watch("ref", "fc", Layout::nc), view_of(x));
    step.commit();
    const SnapshotTicket ticket = monitor.snapshot(i);
    if (i % 4 == 0)
      CHECK(ticket.wait().find({.layer = "fc",
                                .reference = "ref",
                                .measure = "pwcca_distance",
                                .stream = Stream::probe}) != nullptr);
  }
}

void save_and_log(Monitor& monitor, const std::filesystem::path& checkpoint) {
  for (int i = 0; i < 5; ++i) {
    CHECK(monitor.save(checkpoint));
    monitor.training_step(i);
    CHECK_NOTHROW(static_cast<void>(monitor.begin_if_due(Stream::train, i)));
    monitor.log(i, "loss", 0.5);
  }
}

}  // namespace

TEST_CASE(
    "threads observe, snapshot, save, look and log at once, and every step is accounted for") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 2;
  options.queue_steps = 4;
  std::atomic<int> told{0};
  Monitor* running = nullptr;
  options.on_snapshot = [&](const SnapshotReport& report) {
    ++told;
    running->log(report.epoch, "seen", 1);
    running->latest({"fc", "ref", "pwcca_distance"});
  };
  Monitor monitor(options);
  running = &monitor;
  std::vector<std::thread> threads;
  for (int t = 0; t < trainers; ++t) threads.emplace_back([&, t] { train(monitor, t); });
  threads.emplace_back([&] { probe_and_snapshot(monitor); });
  threads.emplace_back([&] { save_and_log(monitor, folder.path() / "checkpoint"); });
  for (std::thread& thread : threads) thread.join();
  monitor.snapshot(snapshots).wait();
  monitor.finish();
  CHECK(told == snapshots + 1);
  const auto rows = options.run_directory / "rows.jsonl";
  CHECK(sum_of_overhead<int>(rows, "train_steps_observed") +
            sum_of_overhead<int>(rows, "train_steps_dropped") ==
        trainers * steps * 9 / 10);
}

#ifndef __SANITIZE_THREAD__
namespace {

/// A pair in a monitor that a child of fork() may destroy, and a step of it that is open.
struct Forked {
  explicit Forked(const MonitorOptions& options) : monitor(std::make_unique<Monitor>(options)) {}

  SnapshotTicket pass(std::int64_t epoch) const {
    auto step = monitor->begin(Stream::probe, epoch);
    step.observe(net, view_of(x));
    step.observe(ref, view_of(x));
    step.commit();
    return monitor->snapshot(epoch);
  }
  void begin(std::int64_t epoch) {
    open = std::make_unique<Monitor::Step>(monitor->begin(Stream::probe, epoch));
    open->observe(net, view_of(x));
  }
  void end() {
    open->observe(ref, view_of(x));
    open->commit();
    open.reset();
  }
  /// Whether nothing that is called has an effect or an answer; the monitor is gone afterwards.
  bool is_inert(const std::filesystem::path& checkpoint) {
    end();
    const SnapshotTicket ticket = pass(1);
    const bool inert = ticket.ready() && ticket.wait().measures.empty() &&
                       !monitor->begin_if_due(Stream::train, 1) && !monitor->claim_probe_pass(1) &&
                       !monitor->snapshot_if_due(1) && !monitor->latest({"fc", "ref", "pwcca"}) &&
                       !monitor->save(checkpoint) && !monitor->add_reference("pack", "none") &&
                       monitor->finish().measures.empty();
    monitor->log(1, "loss", 1);
    monitor->training_step(1);
    monitor.reset();
    return inert;
  }

  std::unique_ptr<Monitor> monitor;
  TapHandle net = monitor->watch("net", "fc", Layout::nc);
  TapHandle ref = monitor->watch("ref", "fc", Layout::nc);
  Eigen::MatrixXd x = normal_matrix(100, 4, 1);
  std::unique_ptr<Monitor::Step> open;
};

}  // namespace

TEST_CASE("in a child of fork() the monitor is inert, and the parent's files are untouched") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 2;
  Forked run(options);
  run.pass(0).wait();
  // A step is open and history half written when the child begins.
  run.begin(1);
  const std::string before = livecca_tests::text_of(options.run_directory / "rows.jsonl");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);  // a lock that a thread of the parent's held would wait for ever
    ::_exit(run.is_inert(folder.path() / "checkpoint") ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(livecca_tests::text_of(options.run_directory / "rows.jsonl") == before);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "checkpoint"));
  // The parent goes on as if nothing had been.
  run.end();
  const SnapshotReport report = run.monitor->snapshot(1).wait();
  CHECK(report.find({"fc", "ref", "pwcca_distance"})->status == Status::ok);
  CHECK(report.find({"fc", "start", "pwcca_distance"})->status == Status::ok);
  CHECK_FALSE(run.monitor->finish().measures.empty());
}
#endif

TEST_CASE("a checkpoint has a window and its counters of before a snapshot, or both of after it") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  options.keep_history = false;
  options.queue_steps = 6;  // so few that snapshot() waits for a place
  Monitor monitor =
      MonitorForTests::begun(options, {.before_solve = [] { std::this_thread::sleep_for(4ms); }});
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(8, 2, 1);
  // One thread trains: a step is never begun before a snapshot and committed after it.
  std::atomic<bool> is_over = false;
  std::thread trainer([&] {
    for (int i = 0; !is_over; ++i) {
      auto step = monitor.begin(Stream::train, 0);
      step.observe(net, view_of(x));
      step.commit();
      if (i % 3 != 2) continue;
      std::this_thread::sleep_for(1ms);  // some checkpoints come before the snapshot
      monitor.snapshot(0, Stream::train);
    }
  });
  std::atomic<int> mixed = 0;
  std::atomic<int> full = 0;
  const auto save_often = [&](const std::filesystem::path& checkpoint) {
    constexpr int saves = 60;
    for (int i = 0; i < saves; ++i) {
      CHECK(monitor.save(checkpoint));
      const auto saved = livecca_tests::parsed(livecca_tests::text_of(checkpoint / "monitor.json"));
      if (!saved.contains("train")) continue;
      const auto in_window = saved["train"]["facts"]["steps"].get<std::uint64_t>();
      full += in_window > 0 ? 1 : 0;
      // The window's steps were begun since the last snapshot; others may be open, or dropped.
      mixed += saved["front"]["train"][1].get<std::uint64_t>() < in_window ? 1 : 0;
    }
  };
  std::vector<std::thread> savers;
  for (const char* name : {"first", "second"}) {
    savers.emplace_back([&, name] { save_often(folder.path() / name); });
  }
  for (std::thread& saver : savers) saver.join();
  is_over = true;
  trainer.join();
  CHECK(mixed == 0);
  CHECK(full > 0);
}

TEST_CASE("above most_taps watch() waits for nobody") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.synchronous = true;  // solves under the lock that a step needs
  options.most_taps = 1;
  Monitor* running = nullptr;
  bool has_returned = false;
  std::future<bool> is_watched;
  Monitor monitor =
      MonitorForTests::begun(options, {.before_solve = [&] {
                               is_watched = std::async(std::launch::async, [&] {
                                 return running->watch("net", "another", Layout::nc).is_watched();
                               });
                               has_returned = is_watched.wait_for(5s) == std::future_status::ready;
                             }});
  running = &monitor;
  monitor.watch("net", "fc", Layout::nc);
  monitor.snapshot(0);
  CHECK(has_returned);
  CHECK_FALSE(is_watched.get());
}

TEST_CASE("wrong use of streams throws") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  auto train = monitor.begin(Stream::train, 0);
  auto other = monitor.begin(Stream::train, 0);  // several at once
  auto probe = monitor.begin(Stream::probe, 0);
  CHECK_THROWS_AS(monitor.begin(Stream::probe, 0), Error);
  CHECK_THROWS_AS(monitor.snapshot(0), Error);
  CHECK_THROWS_AS(monitor.finish(), Error);
  CHECK_THROWS_AS(monitor.watch("before-1", "fc", Layout::nc), Error);
  const Eigen::MatrixXd x = normal_matrix(4, 2, 1);
  probe.set_inputs(view_of(x));
  CHECK_THROWS_AS(probe.set_inputs(view_of(x)), Error);
  probe.commit();
  CHECK_THROWS_AS(probe.set_inputs(view_of(x)), Error);
}
