#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "report_events.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"
#include "watched_layers.hpp"

using namespace livecca;
using livecca_tests::has_event;
using livecca_tests::normal_matrix;
using livecca_tests::status_of;
using livecca_tests::TemporaryFolder;
using livecca_tests::WatchedLayers;

TEST_CASE("a probe of another length than at the start is reported, longer or shorter") {
  WatchedLayers watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const Eigen::MatrixXd longer = normal_matrix(130, 5, 4);
  const Eigen::MatrixXd shorter = watched.good.topRows(80);
  for (const Eigen::MatrixXd* other : {&longer, &shorter}) {
    const auto ticket = watched.epoch(1, other, other);
    CHECK(has_event(ticket.wait(), "rows_differ", "start/a"));
    CHECK(status_of(ticket.wait(), "a", "start") == Status::missing);
    CHECK(status_of(ticket.wait(), "b", "start") == Status::missing);
  }
  const auto as_before = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status_of(as_before.wait(), "b", "start") == Status::ok);
  const SnapshotReport curves = watched.monitor.finish();
  CHECK(has_event(curves, "rows_differ", "final/a"));
  CHECK(
      curves.find({.layer = "b", .reference = "final", .measure = "pwcca_distance", .epoch = 0}) !=
      nullptr);
}

TEST_CASE("a history that cannot be written costs the curves, not the run") {
  WatchedLayers watched;
  // A file where the folder should be: no snapshot can be kept.
  std::ofstream(watched.monitor.run_directory() / "history") << "in the way";
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto ticket = watched.epoch(epoch, &watched.good, &watched.good);
    CHECK(status_of(ticket.wait(), "a", "seed7") == Status::ok);
  }
  CHECK(watched.monitor.finish().measures.empty());
  CHECK(std::ranges::count(watched.told, std::string("history_failed"), &Event::what) == 2);
}

TEST_CASE("the distance to the start pairs the same images, or there is none") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(100, 4, 6);
  // The same activations in every epoch: the distance is 0 or is not known.
  const auto batch = [&](Eigen::Index number, bool commit) {
    auto step = monitor.begin(Stream::probe, 0);
    step.observe(net, view_of(x.middleRows(number * 10, 10)));
    if (commit) step.commit();
  };
  for (Eigen::Index i = 0; i < 10; ++i) batch(i, true);
  monitor.snapshot(0);
  SUBCASE("an abandoned step that is tried again") {
    for (Eigen::Index i = 0; i < 10; ++i) {
      if (i == 3) batch(i, false);
      batch(i, true);
    }
    const SnapshotReport report = monitor.snapshot(1).wait();
    CHECK(status_of(report, "fc", "start") == Status::ok);
    CHECK(*report.find({"fc", "start", "pwcca_distance"})->value < 1e-12);
  }
  SUBCASE("a first batch that is left out") {
    for (Eigen::Index i = 1; i < 10; ++i) batch(i, true);
    const SnapshotReport report = monitor.snapshot(1).wait();
    CHECK(status_of(report, "fc", "start") == Status::missing);
    CHECK(has_event(report, "rows_differ", "start/fc"));
  }
  SUBCASE("an abandoned step that is tried again, and a last batch left out") {
    for (Eigen::Index i = 0; i < 9; ++i) {
      if (i == 3) batch(i, false);
      batch(i, true);
    }
    const SnapshotReport report = monitor.snapshot(1).wait();
    CHECK(status_of(report, "fc", "start") == Status::missing);
    CHECK(has_event(report, "rows_differ", "start/fc"));
  }
}

TEST_CASE("a layer that is partly NaN at one epoch keeps its point of the final curve") {
  WatchedLayers watched;
  Eigen::MatrixXd broken = watched.good;
  broken.topRows(30).setConstant(std::nan(""));
  watched.epoch(0, &watched.good, &watched.good);
  watched.epoch(1, &broken, &watched.good);
  watched.epoch(2, &watched.good, &watched.good);
  const SnapshotReport curves = watched.monitor.finish();
  const MeasureRow* row =
      curves.find({.layer = "a", .reference = "final", .measure = "pwcca_distance", .epoch = 1});
  REQUIRE(row != nullptr);
  CHECK(row->status == Status::nonfinite_rows);
  CHECK(row->samples == 70);
  CHECK(*row->value < 1e-12);
}

TEST_CASE("a start that is not finite is not kept, so that later snapshots are whole") {
  WatchedLayers watched;
  Eigen::MatrixXd broken = watched.good;
  broken.row(3).setConstant(std::nan(""));
  const auto first = watched.epoch(0, &broken, &watched.good);
  CHECK(status_of(first.wait(), "b", "seed7") == Status::nonfinite_rows);
  const auto second = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status_of(second.wait(), "a", "seed7") == Status::ok);
  CHECK(second.wait().find({"a", "start", "pwcca_distance"}) == nullptr);
  CHECK(status_of(second.wait(), "b", "start") == Status::ok);
  const auto third = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status_of(third.wait(), "a", "start") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("start/a"), &Event::subject) == 1);
}

TEST_CASE("a start whose file shrinks during the run is missing, by name") {
  WatchedLayers watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const auto file = watched.monitor.run_directory() / "history/snapshot-0000.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3000);
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  // The rows of one layer lie before those of the other.
  CHECK((status_of(ticket.wait(), "a", "start") == Status::missing) !=
        (status_of(ticket.wait(), "b", "start") == Status::missing));
  CHECK(status_of(ticket.wait(), "a", "seed7") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("unreadable"), &Event::what) == 1);
}
