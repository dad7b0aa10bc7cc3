#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "file_text.hpp"
#include "json_lines.hpp"
#include "livecca/common/error.hpp"
#include "temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::sum_of_overhead;
using livecca_tests::TemporaryFolder;
using livecca_tests::TinyTraining;

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
    running->latest("fc", "ref", "pwcca_distance");
  };
  Monitor monitor(options);
  running = &monitor;
  constexpr int trainers = 3;
  constexpr int steps = 60;
  constexpr int snapshots = 12;
  std::vector<std::thread> threads;
  for (int t = 0; t < trainers; ++t) {
    threads.emplace_back([&, t] {
      const Eigen::MatrixXd x = normal_matrix(24, 4, static_cast<std::uint64_t>(t));
      for (int i = 0; i < steps; ++i) {
        auto step = monitor.begin(Stream::train, i);
        step.observe(monitor.watch("net", "fc", Layout::nc), view_of(x));
        step.observe(monitor.watch("ref", "fc", Layout::nc), view_of(x));
        if (i % 10 != 9) step.commit();
      }
    });
  }
  threads.emplace_back([&] {
    const Eigen::MatrixXd x = normal_matrix(64, 4, 99);
    for (int i = 0; i < snapshots; ++i) {
      auto step = monitor.begin(Stream::probe, i);
      step.inputs(view_of(x));
      step.observe(monitor.watch("net", "fc", Layout::nc), view_of(x));
      step.observe(monitor.watch("ref", "fc", Layout::nc), view_of(x));
      step.commit();
      const SnapshotTicket ticket = monitor.snapshot(i);
      if (i % 4 == 0) CHECK(ticket.wait().find("fc", "ref", "pwcca_distance", "probe") != nullptr);
    }
  });
  threads.emplace_back([&] {
    for (int i = 0; i < 5; ++i) {
      CHECK(monitor.save(folder.path() / "checkpoint"));
      monitor.advance(i);
      monitor.due(Stream::train, i);
      monitor.log(i, "loss", 0.5);
    }
  });
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
TEST_CASE("in a child of fork() the monitor is inert, and the parent's files are untouched") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 2;
  auto monitor = std::make_unique<Monitor>(options);
  const TapHandle net = monitor->watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor->watch("ref", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(100, 4, 1);
  const auto pass = [&](std::int64_t epoch) {
    auto step = monitor->begin(Stream::probe, epoch);
    step.observe(net, view_of(x));
    step.observe(ref, view_of(x));
    step.commit();
    return monitor->snapshot(epoch);
  };
  pass(0).wait();
  // A step is open and history half written when the child begins.
  auto open = std::make_unique<Monitor::Step>(monitor->begin(Stream::probe, 1));
  open->observe(net, view_of(x));
  const std::string before = livecca_tests::text_of(options.run_directory / "rows.jsonl");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);  // a lock that a thread of the parent's held would wait for ever
    open->observe(ref, view_of(x));
    open->commit();
    open.reset();
    const SnapshotTicket ticket = pass(1);
    const bool inert =
        ticket.ready() && ticket.wait().measures.empty() && !monitor->due(Stream::train, 1) &&
        !monitor->latest("fc", "ref", "pwcca") && !monitor->save(folder.path() / "checkpoint") &&
        !monitor->add_reference("pack", "none") && monitor->finish().measures.empty();
    monitor->log(1, "loss", 1);
    monitor->advance(1);
    monitor.reset();
    ::_exit(inert ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(livecca_tests::text_of(options.run_directory / "rows.jsonl") == before);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "checkpoint"));
  // The parent goes on as if nothing had been.
  open->observe(ref, view_of(x));
  open->commit();
  const SnapshotReport report = monitor->snapshot(1).wait();
  CHECK(report.find("fc", "ref", "pwcca_distance")->status == Status::ok);
  CHECK(report.find("fc", "start", "pwcca_distance")->status == Status::ok);
  CHECK_FALSE(monitor->finish().measures.empty());
}
#endif

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
  probe.inputs(view_of(x));
  CHECK_THROWS_AS(probe.inputs(view_of(x)), Error);
  probe.commit();
  CHECK_THROWS_AS(probe.inputs(view_of(x)), Error);
}
