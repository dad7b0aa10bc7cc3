// What keeps numbers apart that are not alike: windows, modes, epochs.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "livecca/monitor/replay.hpp"
#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::count_other_events;
using livecca_tests::has_event;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::WatchedPair;

namespace {

constexpr std::uint64_t alike_seed = 8191;

using Modes = std::array<std::string, 2>;

/// So many inputs of 4 neurons, and of a reference's that are near to them.
struct Inputs {
  explicit Inputs(Eigen::Index count, std::uint64_t number = 0)
      : x(normal_matrix(count, 4, alike_seed + number)),
        y(x + 0.5 * normal_matrix(count, 4, alike_seed + 100 + number)) {}

  Eigen::MatrixXd x;
  Eigen::MatrixXd y;
};

SnapshotReport pass(WatchedPair& pair, std::int64_t epoch, const Inputs& inputs,
                    const std::vector<std::pair<std::string, bool>>& modes = {},
                    Stream stream = Stream::probe) {
  auto step = pair.observed(stream, epoch, view_of(inputs.x), view_of(inputs.y));
  for (const auto& [network, is_training] : modes) step.set_training_mode(network, is_training);
  step.commit();
  return pair.monitor.snapshot(epoch).wait();
}

Modes modes_in(const SnapshotReport& report, const std::string& reference,
               Stream stream = Stream::probe) {
  const MeasureRow* row = report.find(
      {.layer = "fc", .reference = reference, .measure = "pwcca_distance", .stream = stream});
  REQUIRE(row != nullptr);
  return row->modes;
}

std::vector<nlohmann::json> events(const WatchedPair& pair, const std::string& what) {
  std::vector<nlohmann::json> found;
  for (const auto& line : read_lines(pair.rows())) {
    if (line["kind"] == "event" && line["what"] == what) found.push_back(line);
  }
  return found;
}

}  // namespace

TEST_CASE("rows of the probe have the mode that each network ran in, and training is an event") {
  WatchedPair pair([](MonitorOptions& options) { options.compare_before = {1}; });
  const Inputs inputs(200);
  const SnapshotReport first = pass(pair, 0, inputs, {{"net", true}, {"ref", false}});
  CHECK(modes_in(first, "ref") == Modes{"train", "eval"});
  CHECK(has_event_saying(first, "training_mode", "expected the probe to run in evaluation mode"));
  CHECK(has_event(first, "training_mode", "net"));
  CHECK_FALSE(has_event(first, "training_mode", "ref"));
  const SnapshotReport second = pass(pair, 1, inputs);
  CHECK(modes_in(second, "ref") == Modes{"eval", "eval"});
  // The start was recorded in training mode, and its file says so.
  CHECK(modes_in(second, "start") == Modes{"eval", "train"});
  CHECK(modes_in(second, "before-1") == Modes{"eval", "train"});
  CHECK_FALSE(has_event(second, "training_mode", "net"));
  const SnapshotReport end = pair.monitor.finish();
  REQUIRE(end.measures.size() > 0);
  CHECK(end.measures.front().modes == Modes{"train", "eval"});
  const ReplayResult again = replay(pair.options.run_directory, {});
  CHECK(std::ranges::any_of(again.measures, [](const MeasureRow& row) {
    return row.reference == "start" && row.modes == Modes{"eval", "train"};
  }));
}

TEST_CASE("a layer's own motion is not measured between unequal modes") {
  WatchedPair pair([](MonitorOptions& options) { options.synchronous = true; });
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    CAPTURE(epoch);
    const Inputs inputs(200);
    const SnapshotReport report = pass(pair, epoch, inputs, {{"net", epoch == 2}});
    const auto verdict = std::ranges::find_if(
        report.verdicts, [](const VerdictRow& row) { return row.layer == "fc" && !is_alarm(row); });
    REQUIRE(verdict != report.verdicts.end());
    // Only epochs 0 and 1 are alike.
    CHECK(verdict->moved[0].has_value() == (epoch == 1));
    if (epoch >= 2) CHECK(verdict->message.find("another width or mode") != std::string::npos);
  }
}

TEST_CASE("one batch in training mode makes the pass one of training") {
  WatchedPair pair;
  const Inputs inputs(100);
  for (const bool is_training : {true, false}) {
    auto step = pair.observed(Stream::probe, 0, view_of(inputs.x), view_of(inputs.y));
    step.set_training_mode("net", is_training);
    step.commit();
  }
  CHECK(modes_in(pair.monitor.snapshot(0).wait(), "ref") == Modes{"train", "eval"});
}

TEST_CASE("the train stream's trained network trains unless it is told otherwise, and no event") {
  WatchedPair pair([](MonitorOptions& options) { options.synchronous = true; });
  const Inputs inputs(100);
  CHECK(modes_in(pass(pair, 0, inputs, {}, Stream::train), "ref", Stream::train) ==
        Modes{"train", "eval"});
  const SnapshotReport told = pass(pair, 1, inputs, {{"net", false}, {"ref", true}}, Stream::train);
  CHECK(modes_in(told, "ref", Stream::train) == Modes{"eval", "train"});
  CHECK_FALSE(has_event(told, "training_mode", "ref"));
  // A directed look: the mode is another, so the direction begins anew, which is told once.
  CHECK(has_event_saying(told, "unequal_windows", "fc to ref: expected train mode as before, got"));
}

TEST_CASE("a mode is told while the step is open") {
  WatchedPair pair;
  const Inputs inputs(20);
  auto step = pair.observed(Stream::probe, 0, view_of(inputs.x), view_of(inputs.y));
  step.commit();
  CHECK_THROWS_AS(step.set_training_mode("net", true), Error);
}

TEST_CASE("an epoch that goes back is told once, also over a checkpoint") {
  const Inputs inputs(60);
  const livecca_tests::TemporaryFolder folder;
  const MonitorOptions options = WatchedPair::options_in(
      folder.path(), [](MonitorOptions& given) { given.synchronous = true; });
  const auto snapshot = [&](Monitor& monitor, std::int64_t epoch) {
    const TapHandle net = monitor.watch("net", "fc", Layout::nc);
    auto step = monitor.begin(Stream::probe, epoch);
    step.observe(net, view_of(inputs.x));
    step.commit();
    return monitor.snapshot(epoch).wait();
  };
  {
    Monitor monitor(options);
    for (const std::int64_t epoch : {0, 5, 5, 6}) {
      CHECK_FALSE(has_event(snapshot(monitor, epoch), "epoch_stepped_back", "epoch"));
    }
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
    const SnapshotReport back = snapshot(monitor, 3);
    CHECK(has_event_saying(back, "epoch_stepped_back", "expected an epoch of at least 6"));
    CHECK(has_event(snapshot(monitor, 2), "epoch_stepped_back", "epoch"));
    std::size_t told = 0;
    for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
      told += line["kind"] == "event" && line["what"] == "epoch_stepped_back";
    }
    CHECK(told == 1);
  }
  Monitor resumed(options, folder.path() / "checkpoint");
  CHECK_FALSE(has_event(snapshot(resumed, 6), "epoch_stepped_back", "epoch"));
  CHECK(has_event(snapshot(resumed, 5), "epoch_stepped_back", "epoch"));
}

TEST_CASE("snapshots before training are at step 0, however many batches the probe has") {
  WatchedPair pair;
  const Inputs inputs(60);
  for (int batch = 0; batch < 5; ++batch) {
    pair.observed(Stream::probe, 0, view_of(inputs.x), view_of(inputs.y)).commit();
  }
  CHECK(pair.monitor.snapshot(0).wait().step == 0);
}

TEST_CASE("few batches are told in one report, and counted in the run's rows") {
  WatchedPair pair([](MonitorOptions& options) { options.error_blocks = 10; });
  const Inputs inputs(60);
  CHECK(has_event(pass(pair, 0, inputs), "few_batches", "probe"));
  for (std::int64_t epoch = 1; epoch < 4; ++epoch) {
    CHECK_FALSE(has_event(pass(pair, epoch, inputs), "few_batches", "probe"));
  }
  pair.monitor.finish();
  const auto told = events(pair, "few_batches");
  REQUIRE(told.size() == 2);  // the first, and the count at the end
  CHECK(told[0]["count"] == 1);
  CHECK(told[1]["count"] == 4);
}

TEST_CASE("drift between unequal windows says whether their sizes may be the reason") {
  WatchedPair pair([](MonitorOptions& options) {
    options.queue_steps = 100;
    options.measures = {"pwcca", "linear_cka", "procrustes"};
  });
  const Inputs probe(400);
  const Inputs train(20, 1);
  pair.train_step(train.x, train.y);
  const SnapshotReport report = pass(pair, 0, probe);
  REQUIRE(report.drifts.size() == 3);
  for (const DriftRow& drift : report.drifts) {
    CAPTURE(drift.measure);
    const auto row = [&](Stream stream) {
      return *report.find(
          {.layer = "fc", .reference = "ref", .measure = drift.measure, .stream = stream});
    };
    CHECK(drift.probe_noise_floor == row(Stream::probe).noise_floor);
    CHECK(drift.train_noise_floor == row(Stream::train).noise_floor);
    CHECK(drift.drift() == *row(Stream::train).value - *row(Stream::probe).value);
    // Both are as far apart as the other, but for chance.
    CHECK(drift.is_explained_by_sizes());
  }
  // What moves by much more than chance is not explained.
  pair.train_step(train.x, normal_matrix(20, 4, alike_seed + 7));
  const SnapshotReport moved = pass(pair, 1, probe);
  REQUIRE(moved.drifts.at(0).measure == "pwcca_distance");
  CHECK_FALSE(moved.drifts[0].is_explained_by_sizes());
}

TEST_CASE("a measure without a floor has no drift between unequal windows") {
  WatchedPair pair([](MonitorOptions& options) {
    options.queue_steps = 100;
    options.measures = {"mean_cca", "procrustes"};
  });
  const TapHandle net = pair.monitor.watch("net", "conv", Layout::nchw);
  const TapHandle ref = pair.monitor.watch("ref", "conv", Layout::nchw);
  const Eigen::MatrixXd values = normal_matrix(16 * 2, 400, alike_seed + 9);
  for (const auto& [stream, images] : {std::pair{Stream::train, 20}, {Stream::probe, 400}}) {
    const Inputs inputs(images);
    const std::array<std::int64_t, 4> shape{images, 2, 4, 4};
    auto step = pair.observed(stream, 0, view_of(inputs.x), view_of(inputs.y));
    step.observe(net, ActivationView(values.data(), DType::float64, shape));
    step.observe(ref, ActivationView(values.data(), DType::float64, shape));
    step.commit();
  }
  const SnapshotReport report = pair.monitor.snapshot(0).wait();
  // Nothing tells how much the positions of an image make a procrustes distance grow.
  CHECK(has_event_saying(report, "unequal_windows", "; it is not written"));
  CHECK(has_event(report, "unequal_windows", "procrustes_distance"));
  CHECK(report.drifts.size() == 3);
  const auto of_conv = [](const DriftRow& drift) { return drift.layer == "conv"; };
  REQUIRE(std::ranges::count_if(report.drifts, of_conv) == 1);
  CHECK(std::ranges::find_if(report.drifts, of_conv)->measure == "mean_cca_distance");
}

TEST_CASE("a train window of fewer samples begins the direction anew") {
  WatchedPair pair([](MonitorOptions& options) { options.queue_steps = 100; });
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    const Inputs inputs(epoch < 3 ? 200 : 30, static_cast<std::uint64_t>(epoch));
    pair.observed(Stream::train, epoch, view_of(inputs.x), view_of(inputs.y)).commit();
    const SnapshotReport report = pair.monitor.snapshot(epoch).wait();
    CHECK(report.directions.at(0).snapshots == (epoch < 3 ? epoch + 1 : 1));
    CHECK(has_event(report, "unequal_windows", "train") == (epoch == 3));
  }
  CHECK(events(pair, "unequal_windows").at(0)["message"] ==
        "fc to ref: expected 200 samples as before, got 30; so 1 curve begins anew");
}

TEST_CASE("overhead is a share of the training threads' time, whatever livecca's threads do") {
  WatchedPair pair([](MonitorOptions& options) { options.queue_steps = 100; });
  const Inputs inputs(50);
  pair.monitor.training_step(0);
  auto step = pair.observed(Stream::train, 0, view_of(inputs.x), view_of(inputs.y));
  step.add_reference_time(3600);
  step.commit();
  pair.monitor.training_step(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  pair.monitor.training_step(0);
  pair.monitor.snapshot(0).wait();
  const nlohmann::json row = events(pair, "overhead").at(0);
  const double share = row["share"];
  CHECK(share > 0.99);  // hours of watching, and no training
  CHECK(share <= 1);
  const double watching = row["observe_seconds"].get<double>() + row["wait_seconds"].get<double>() +
                          row["reference_seconds"].get<double>();
  CHECK(share == doctest::Approx(watching / (watching + row["training_seconds"].get<double>())));
}

TEST_CASE("a budget that pays for no step says so at once, and once") {
  WatchedPair pair([](MonitorOptions& options) {
    options.synchronous = true;
    options.overhead_budget = 1e-9;
    options.train_schedule = Schedule::every_steps(1);
  });
  pass(pair, 0, Inputs(200));  // before training: a debt
  for (int i = 0; i < 50; ++i) {
    pair.monitor.training_step(1);
    CHECK_FALSE(pair.monitor.begin_if_due(Stream::train, 1));
  }
  const auto told = events(pair, "budget_short");
  REQUIRE(told.size() == 1);
  CHECK(told[0]["subject"] == "train");
  CHECK(told[0]["message"].get<std::string>().find("raise the budget") != std::string::npos);
}
