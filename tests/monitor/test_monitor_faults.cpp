#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"
#include "watched_layers.hpp"

using namespace livecca;
using livecca_tests::has_event;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::status_of;
using livecca_tests::WatchedLayers;

TEST_CASE("a tap that is never fed is reported by name, and the others' numbers come") {
  WatchedLayers watched;
  const auto first = watched.epoch(0, nullptr, &watched.good);
  CHECK(has_event(first.wait(), "missing", "net/a"));
  CHECK(status_of(first.wait(), "a", "seed7") == Status::missing);
  CHECK(status_of(first.wait(), "b", "seed7") == Status::ok);
  const auto second = watched.epoch(1, nullptr, &watched.good);
  CHECK(has_event(second.wait(), "missing", "net/a"));
  watched.monitor.finish();
  // Told once; counted twice.
  CHECK(std::ranges::count(watched.told, std::string("net/a"), &Event::subject) == 1);
  std::uint64_t counted = 0;
  for (const auto& line : read_lines(watched.monitor.run_directory() / "rows.jsonl")) {
    if (line["kind"] == "event" && line.value("subject", "") == "net/a") counted = line["count"];
  }
  CHECK(counted == 2);
}

TEST_CASE("a tap that changes its shape is reported by name and comes back in the next window") {
  WatchedLayers watched;
  const Eigen::MatrixXd wider = normal_matrix(100, 7, 2);
  watched.epoch(0, &watched.good, &watched.good).wait();
  watched.step(1, &watched.good, &watched.good);
  const auto changed = watched.epoch(1, &wider, &watched.good);
  CHECK(has_event(changed.wait(), "shape_changed", "net/a"));
  CHECK(status_of(changed.wait(), "a", "seed7") == Status::missing);
  CHECK(status_of(changed.wait(), "b", "seed7") == Status::ok);
  const auto after = watched.epoch(2, &wider, &watched.good);
  CHECK(status_of(after.wait(), "a", "seed7") == Status::ok);
  CHECK(status_of(after.wait(), "a", "start") == Status::ok);
}

TEST_CASE("a reference with another number of rows is reported by name") {
  WatchedLayers watched;
  const Eigen::MatrixXd fewer = normal_matrix(90, 5, 3);
  const auto ticket = watched.epoch(0, &fewer, &watched.good);
  CHECK(has_event(ticket.wait(), "rows_differ", "net/a with seed7/a"));
  CHECK(status_of(ticket.wait(), "a", "seed7") == Status::missing);
  CHECK(status_of(ticket.wait(), "b", "seed7") == Status::ok);
}

TEST_CASE("a layer that saw fewer images than another is not kept, by name") {
  WatchedLayers watched;
  const Eigen::MatrixXd shorter = watched.good.topRows(80);
  watched.epoch(0, &shorter, &watched.good).wait();
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status_of(ticket.wait(), "b", "start") == Status::ok);
  CHECK(ticket.wait().find({"a", "start", "pwcca_distance"}) == nullptr);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("history_failed"), &Event::what) == 1);
}

TEST_CASE("NaN activations cost numbers, never the run") {
  WatchedLayers watched;
  Eigen::MatrixXd broken = watched.good;
  broken.row(3).setConstant(std::nan(""));
  const auto some = watched.epoch(0, &broken, &watched.good);
  CHECK(status_of(some.wait(), "a", "seed7") == Status::nonfinite_rows);
  CHECK(status_of(some.wait(), "b", "seed7") == Status::nonfinite_rows);
  CHECK(some.wait().find({"b", "seed7", "pwcca_distance"})->samples_left_out == 1);
  watched.monitor.finish();
  read_lines(watched.monitor.run_directory() / "rows.jsonl");
}

TEST_CASE("a layer that is NaN throughout is missing, by name, and the others are whole") {
  WatchedLayers watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const Eigen::MatrixXd broken = Eigen::MatrixXd::Constant(100, 5, std::nan(""));
  const auto ticket = watched.epoch(1, &broken, &watched.good);
  CHECK(has_event(ticket.wait(), "nonfinite", "net/a"));
  CHECK(status_of(ticket.wait(), "a", "seed7") == Status::missing);
  CHECK(status_of(ticket.wait(), "a", "start") == Status::missing);
  CHECK(status_of(ticket.wait(), "b", "seed7") == Status::ok);
  CHECK(status_of(ticket.wait(), "b", "start") == Status::ok);
  CHECK(ticket.wait().find({"b", "start", "pwcca_distance"})->samples == 100);
  // The alarm is the layer's own.
  for (const VerdictRow& verdict : ticket.wait().verdicts) {
    if (verdict.verdict == "exploding") CHECK(verdict.layer == "a");
  }
  const bool is_told = std::ranges::any_of(ticket.wait().verdicts, [](const VerdictRow& verdict) {
    return verdict.verdict == "exploding" && verdict.message == "100 of 100 samples are not finite";
  });
  CHECK(is_told);
  const SnapshotReport curves = watched.monitor.finish();
  CHECK(status_of(curves, "b", "final") == Status::ok);
  read_lines(watched.monitor.run_directory() / "rows.jsonl");
}

TEST_CASE("a step that cannot be held in memory costs its window, not the run") {
  WatchedLayers watched;
  watched.impossible_step(0);
  watched.monitor.snapshot(0).wait();
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status_of(ticket.wait(), "a", "seed7") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("window_dropped"), &Event::what) == 1);
}

TEST_CASE("a window that was dropped has no numbers, though later steps of it went well") {
  WatchedLayers watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  watched.step(1, &watched.good, &watched.good);
  watched.impossible_step(1);
  watched.step(1, &watched.good, &watched.good);
  const SnapshotReport report = watched.monitor.snapshot(1).wait();
  CHECK(has_event(report, "window_dropped", "probe"));
  for (const char* layer : {"a", "b"}) {
    CHECK(status_of(report, layer, "seed7") == Status::missing);
    CHECK(status_of(report, layer, "start") == Status::missing);
  }
  const auto next = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status_of(next.wait(), "a", "seed7") == Status::ok);
  CHECK(status_of(next.wait(), "a", "start") == Status::ok);
}
