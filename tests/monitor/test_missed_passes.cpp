#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"
#include "watched_layers.hpp"

using namespace livecca;
using livecca_tests::has_event;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::status_of;
using livecca_tests::TemporaryFolder;
using livecca_tests::WatchedLayers;

TEST_CASE("a snapshot without steps, discarded steps and lonely references are events") {
  WatchedLayers watched;
  watched.monitor.watch("seed7", "c", Layout::nc);
  { auto abandoned = watched.monitor.begin(Stream::probe, 0); }
  const auto ticket = watched.monitor.snapshot(0);
  CHECK(has_event(ticket.wait(), "missing", "probe"));
  CHECK(has_event(ticket.wait(), "step_discarded", "probe"));
  CHECK(has_event(ticket.wait(), "missing", "seed7/c"));
  CHECK(status_of(ticket.wait(), "a", "seed7") == Status::missing);
}

TEST_CASE("a monitor that wants no probe misses train steps only") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.synchronous = true;
  options.probe_schedule = Schedule::never();
  Monitor monitor(options);
  const TapHandle tap = monitor.watch("net", "a", Layout::nc);
  const std::vector<Event> first = monitor.snapshot(0).wait().events;
  REQUIRE(first.size() == 1);
  CHECK(first[0].what == "missing");
  CHECK(first[0].subject == "train");
  const Eigen::MatrixXd good = normal_matrix(100, 5, 1);
  auto step = monitor.begin(Stream::train, 1);
  step.observe(tap, view_of(good));
  step.commit();
  CHECK(monitor.snapshot(1).wait().events.empty());
}

TEST_CASE("a pass over the probe that is discarded is as if it had not been made") {
  for (const bool is_disturbed : {false, true}) {
    WatchedLayers watched;
    if (is_disturbed) {
      watched.step(0, &watched.good, &watched.good);
      {
        auto open = watched.monitor.begin(Stream::probe, 0);
        CHECK_THROWS_AS(watched.monitor.discard_probe_pass(0, "open"), Error);
      }
      watched.monitor.discard_probe_pass(0, "the network failed");
    }
    watched.step(0, &watched.good, &watched.good);
    const auto ticket = watched.monitor.snapshot(0);
    CHECK_FALSE(has_event(ticket.wait(), "step_discarded", "probe"));
    CHECK(ticket.wait().find({"a", "seed7", "pwcca_distance"})->samples == 100);
    watched.monitor.finish();
    watched.monitor.discard_probe_pass(0, "too late");
    const auto rows = read_lines(watched.monitor.run_directory() / "rows.jsonl");
    CHECK(rows.back()["what"] == "finished");
    CHECK(std::ranges::count_if(rows, [](const auto& row) {
            return row.value("what", "") == "step_discarded" &&
                   row["message"].template get<std::string>().ends_with("the network failed");
          }) == (is_disturbed ? 1 : 0));
  }
}

TEST_CASE("the report of a snapshot says why its pass over the probe was discarded") {
  WatchedLayers watched;
  watched.step(0, &watched.good, &watched.good);
  watched.monitor.discard_probe_pass(0, "the network failed");
  CHECK(has_event_saying(watched.monitor.snapshot(0).wait(), "step_discarded", "network failed"));
  watched.step(1, &watched.good, &watched.good);
  CHECK_FALSE(has_event(watched.monitor.snapshot(1).wait(), "step_discarded", "probe"));
  watched.monitor.discard_probe_pass(2, "the device is another");
  CHECK(has_event_saying(watched.monitor.snapshot(2).wait(), "step_discarded", "device"));
  watched.monitor.finish();
  std::vector<std::string> messages;
  for (const auto& row : read_lines(watched.monitor.run_directory() / "rows.jsonl")) {
    if (row.value("what", "") == "step_discarded") messages.push_back(row["message"]);
  }
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].ends_with("the network failed"));
  CHECK(messages[1].ends_with("the device is another"));
}

TEST_CASE("without a history and references there is nothing to compare with, which is told once") {
  for (const bool keeps : {false, true}) {
    const TemporaryFolder folder;
    Monitor monitor({.run_directory = folder.path() / "run", .keep_history = keeps});
    const TapHandle tap = monitor.watch("net", "a", Layout::nc);
    const Eigen::MatrixXd rows = normal_matrix(100, 6, 1);
    for (const bool is_first : {true, false}) {
      auto step = monitor.begin(Stream::probe, 0);
      step.observe(tap, view_of(rows));
      step.commit();
      CHECK(has_event(monitor.snapshot(0).wait(), "missing", "references") == (is_first && !keeps));
    }
  }
}

TEST_CASE("a network without a layer is an event, at the first snapshot and at the end") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  const auto is_told = [](const SnapshotReport& report) {
    return has_event_saying(report, "missing", "expected a layer of this network to be watched");
  };
  SUBCASE("nothing is watched") {
    Monitor monitor(options);
    CHECK(is_told(monitor.snapshot(0).wait()));
    CHECK_FALSE(is_told(monitor.snapshot(1).wait()));
    CHECK(is_told(monitor.finish()));
  }
  SUBCASE("a reference is watched alone, and there is no snapshot") {
    Monitor monitor(options);
    monitor.watch("seed7", "a", Layout::nc);
    CHECK(is_told(monitor.finish()));
  }
  SUBCASE("the network has a layer") {
    Monitor monitor(options);
    monitor.watch("net", "a", Layout::nc);
    CHECK_FALSE(is_told(monitor.snapshot(0).wait()));
    CHECK_FALSE(is_told(monitor.finish()));
  }
}

TEST_CASE("the end says what came after the last snapshot") {
  WatchedLayers watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  {
    auto step = watched.monitor.begin(Stream::probe, 1);
    step.observe(watched.net_a, view_of(watched.good));
    step.commit();
  }
  CHECK(has_event(watched.monitor.finish(), "step_discarded", "probe"));
}
