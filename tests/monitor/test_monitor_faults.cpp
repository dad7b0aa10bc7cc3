#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "drifting_network.hpp"
#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::has_event;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;

namespace {

/// A monitor of two layers against a reference; layer "a" is what the tests break.
struct Watched {
  TemporaryFolder folder;
  std::vector<Event> told;
  Monitor monitor{options()};
  TapHandle net_a = monitor.watch("net", "a", Layout::nc);
  TapHandle ref_a = monitor.watch("seed7", "a", Layout::nc);
  TapHandle net_b = monitor.watch("net", "b", Layout::nc);
  TapHandle ref_b = monitor.watch("seed7", "b", Layout::nc);
  Eigen::MatrixXd good = normal_matrix(100, 5, 1);

  MonitorOptions options() {
    MonitorOptions result;
    result.run_directory = folder.path() / "run";
    result.threads = 1;
    result.history_precision = PackPrecision::exact;
    result.on_event = [this](const Event& event) { told.push_back(event); };
    return result;
  }

  void step(std::int64_t number, const Eigen::MatrixXd* a, const Eigen::MatrixXd* b) {
    auto step = monitor.begin(Stream::probe, number);
    if (a != nullptr) step.observe(net_a, view_of(*a));
    step.observe(ref_a, view_of(good));
    step.observe(net_b, view_of(*b));
    step.observe(ref_b, view_of(good));
    step.commit();
  }

  SnapshotTicket epoch(std::int64_t number, const Eigen::MatrixXd* a, const Eigen::MatrixXd* b) {
    step(number, a, b);
    return monitor.snapshot(number);
  }

  /// A step of more rows than any memory holds.
  void impossible_step(std::int64_t number) {
    const double value = 1;
    const std::array<std::int64_t, 2> shape{std::int64_t{1} << 60, good.cols()};
    const std::array<std::int64_t, 2> strides{0, 0};
    auto step = monitor.begin(Stream::probe, number);
    step.observe(net_a, ActivationView(&value, DType::float64, shape, strides));
    step.commit();
  }
};

Status status(const SnapshotReport& report, const char* layer, const char* reference) {
  const MeasureRow* row = report.find({layer, reference, "pwcca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->value.has_value() == has_value(row->status));
  return row->status;
}

}  // namespace

TEST_CASE("a tap that is never fed is reported by name, and the others' numbers come") {
  Watched watched;
  const auto first = watched.epoch(0, nullptr, &watched.good);
  CHECK(has_event(first.wait(), "missing", "net/a"));
  CHECK(status(first.wait(), "a", "seed7") == Status::missing);
  CHECK(status(first.wait(), "b", "seed7") == Status::ok);
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
  Watched watched;
  const Eigen::MatrixXd wider = normal_matrix(100, 7, 2);
  watched.epoch(0, &watched.good, &watched.good).wait();
  watched.step(1, &watched.good, &watched.good);
  const auto changed = watched.epoch(1, &wider, &watched.good);
  CHECK(has_event(changed.wait(), "shape_changed", "net/a"));
  CHECK(status(changed.wait(), "a", "seed7") == Status::missing);
  CHECK(status(changed.wait(), "b", "seed7") == Status::ok);
  const auto after = watched.epoch(2, &wider, &watched.good);
  CHECK(status(after.wait(), "a", "seed7") == Status::ok);
  CHECK(status(after.wait(), "a", "start") == Status::ok);
}

TEST_CASE("a reference with another number of rows is reported by name") {
  Watched watched;
  const Eigen::MatrixXd fewer = normal_matrix(90, 5, 3);
  const auto ticket = watched.epoch(0, &fewer, &watched.good);
  CHECK(has_event(ticket.wait(), "rows_differ", "net/a with seed7/a"));
  CHECK(status(ticket.wait(), "a", "seed7") == Status::missing);
  CHECK(status(ticket.wait(), "b", "seed7") == Status::ok);
}

TEST_CASE("a probe of another length than at the start is reported, longer or shorter") {
  Watched watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const Eigen::MatrixXd longer = normal_matrix(130, 5, 4);
  const Eigen::MatrixXd shorter = watched.good.topRows(80);
  for (const Eigen::MatrixXd* other : {&longer, &shorter}) {
    const auto ticket = watched.epoch(1, other, other);
    CHECK(has_event(ticket.wait(), "rows_differ", "start/a"));
    CHECK(status(ticket.wait(), "a", "start") == Status::missing);
    CHECK(status(ticket.wait(), "b", "start") == Status::missing);
  }
  const auto as_before = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status(as_before.wait(), "b", "start") == Status::ok);
  const SnapshotReport curves = watched.monitor.finish();
  CHECK(has_event(curves, "rows_differ", "final/a"));
  CHECK(
      curves.find({.layer = "b", .reference = "final", .measure = "pwcca_distance", .epoch = 0}) !=
      nullptr);
}

TEST_CASE("a layer that saw fewer images than another is not kept, by name") {
  Watched watched;
  const Eigen::MatrixXd shorter = watched.good.topRows(80);
  watched.epoch(0, &shorter, &watched.good).wait();
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status(ticket.wait(), "b", "start") == Status::ok);
  CHECK(ticket.wait().find({"a", "start", "pwcca_distance"}) == nullptr);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("history_failed"), &Event::what) == 1);
}

TEST_CASE("NaN activations cost numbers, never the run") {
  Watched watched;
  Eigen::MatrixXd broken = watched.good;
  broken.row(3).setConstant(std::nan(""));
  const auto some = watched.epoch(0, &broken, &watched.good);
  CHECK(status(some.wait(), "a", "seed7") == Status::nonfinite_rows);
  CHECK(status(some.wait(), "b", "seed7") == Status::nonfinite_rows);
  CHECK(some.wait().find({"b", "seed7", "pwcca_distance"})->samples_left_out == 1);
  watched.monitor.finish();
  read_lines(watched.monitor.run_directory() / "rows.jsonl");
}

TEST_CASE("a layer that is NaN throughout is missing, by name, and the others are whole") {
  Watched watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const Eigen::MatrixXd broken = Eigen::MatrixXd::Constant(100, 5, std::nan(""));
  const auto ticket = watched.epoch(1, &broken, &watched.good);
  CHECK(has_event(ticket.wait(), "nonfinite", "net/a"));
  CHECK(status(ticket.wait(), "a", "seed7") == Status::missing);
  CHECK(status(ticket.wait(), "a", "start") == Status::missing);
  CHECK(status(ticket.wait(), "b", "seed7") == Status::ok);
  CHECK(status(ticket.wait(), "b", "start") == Status::ok);
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
  CHECK(status(curves, "b", "final") == Status::ok);
  read_lines(watched.monitor.run_directory() / "rows.jsonl");
}

TEST_CASE("a snapshot without steps, discarded steps and lonely references are events") {
  Watched watched;
  watched.monitor.watch("seed7", "c", Layout::nc);
  { auto abandoned = watched.monitor.begin(Stream::probe, 0); }
  const auto ticket = watched.monitor.snapshot(0);
  CHECK(has_event(ticket.wait(), "missing", "probe"));
  CHECK(has_event(ticket.wait(), "step_discarded", "probe"));
  CHECK(has_event(ticket.wait(), "missing", "seed7/c"));
  CHECK(status(ticket.wait(), "a", "seed7") == Status::missing);
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
    Watched watched;
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
  Watched watched;
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

TEST_CASE("a history that cannot be written costs the curves, not the run") {
  Watched watched;
  // A file where the folder should be: no snapshot can be kept.
  std::ofstream(watched.monitor.run_directory() / "history") << "in the way";
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto ticket = watched.epoch(epoch, &watched.good, &watched.good);
    CHECK(status(ticket.wait(), "a", "seed7") == Status::ok);
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
    CHECK(status(report, "fc", "start") == Status::ok);
    CHECK(*report.find({"fc", "start", "pwcca_distance"})->value < 1e-12);
  }
  SUBCASE("a first batch that is left out") {
    for (Eigen::Index i = 1; i < 10; ++i) batch(i, true);
    const SnapshotReport report = monitor.snapshot(1).wait();
    CHECK(status(report, "fc", "start") == Status::missing);
    CHECK(has_event(report, "rows_differ", "start/fc"));
  }
  SUBCASE("an abandoned step that is tried again, and a last batch left out") {
    for (Eigen::Index i = 0; i < 9; ++i) {
      if (i == 3) batch(i, false);
      batch(i, true);
    }
    const SnapshotReport report = monitor.snapshot(1).wait();
    CHECK(status(report, "fc", "start") == Status::missing);
    CHECK(has_event(report, "rows_differ", "start/fc"));
  }
}

TEST_CASE("a step that cannot be held in memory costs its window, not the run") {
  Watched watched;
  watched.impossible_step(0);
  watched.monitor.snapshot(0).wait();
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status(ticket.wait(), "a", "seed7") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("window_dropped"), &Event::what) == 1);
}

TEST_CASE("a layer that is partly NaN at one epoch keeps its point of the final curve") {
  Watched watched;
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

TEST_CASE("a window that was dropped has no numbers, though later steps of it went well") {
  Watched watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  watched.step(1, &watched.good, &watched.good);
  watched.impossible_step(1);
  watched.step(1, &watched.good, &watched.good);
  const SnapshotReport report = watched.monitor.snapshot(1).wait();
  CHECK(has_event(report, "window_dropped", "probe"));
  for (const char* layer : {"a", "b"}) {
    CHECK(status(report, layer, "seed7") == Status::missing);
    CHECK(status(report, layer, "start") == Status::missing);
  }
  const auto next = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status(next.wait(), "a", "seed7") == Status::ok);
  CHECK(status(next.wait(), "a", "start") == Status::ok);
}

TEST_CASE("a start that is not finite is not kept, so that later snapshots are whole") {
  Watched watched;
  Eigen::MatrixXd broken = watched.good;
  broken.row(3).setConstant(std::nan(""));
  const auto first = watched.epoch(0, &broken, &watched.good);
  CHECK(status(first.wait(), "b", "seed7") == Status::nonfinite_rows);
  const auto second = watched.epoch(1, &watched.good, &watched.good);
  CHECK(status(second.wait(), "a", "seed7") == Status::ok);
  CHECK(second.wait().find({"a", "start", "pwcca_distance"}) == nullptr);
  CHECK(status(second.wait(), "b", "start") == Status::ok);
  const auto third = watched.epoch(2, &watched.good, &watched.good);
  CHECK(status(third.wait(), "a", "start") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("start/a"), &Event::subject) == 1);
}

TEST_CASE("a start whose file shrinks during the run is missing, by name") {
  Watched watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  const auto file = watched.monitor.run_directory() / "history/snapshot-0000.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3000);
  const auto ticket = watched.epoch(1, &watched.good, &watched.good);
  // The rows of one layer lie before those of the other.
  CHECK((status(ticket.wait(), "a", "start") == Status::missing) !=
        (status(ticket.wait(), "b", "start") == Status::missing));
  CHECK(status(ticket.wait(), "a", "seed7") == Status::ok);
  watched.monitor.finish();  // all is told then
  CHECK(std::ranges::count(watched.told, std::string("unreadable"), &Event::what) == 1);
}

TEST_CASE("the end says what came after the last snapshot") {
  Watched watched;
  watched.epoch(0, &watched.good, &watched.good).wait();
  {
    auto step = watched.monitor.begin(Stream::probe, 1);
    step.observe(watched.net_a, view_of(watched.good));
    step.commit();
  }
  CHECK(has_event(watched.monitor.finish(), "step_discarded", "probe"));
}
