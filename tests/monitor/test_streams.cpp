#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "livecca/common/error.hpp"
#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"
#include "tiny_training.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::direct_distance;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;
using livecca_tests::TinyTraining;
using livecca_tests::WatchedPair;

namespace {

constexpr std::uint64_t streams_seed = 4242;

MonitorOptions stream_options_in(const TemporaryFolder& folder) {
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  return options;
}

/// The next snapshot holds these rows, whichever way they came.
void check_snapshot_of(WatchedPair& pair, const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  const SnapshotReport report = pair.monitor.snapshot(0).wait();
  const MeasureRow* row = report.find({"fc", "ref", "pwcca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->samples == static_cast<std::uint64_t>(x.rows()));
  CHECK(*row->value == doctest::Approx(direct_distance(x, y)).epsilon(1e-10));
}

}  // namespace

TEST_CASE("the train stream's numbers are those of its window, labelled with their modes") {
  WatchedPair pair([](MonitorOptions& options) { options.queue_steps = 100; });
  for (int window = 0; window < 2; ++window) {
    Eigen::MatrixXd all_x(0, 4);
    Eigen::MatrixXd all_y(0, 3);
    for (int i = 0; i < 8; ++i) {
      const auto number = static_cast<std::uint64_t>(10 * window + i);
      const Eigen::MatrixXd x = normal_matrix(50, 4, streams_seed + number);
      const Eigen::MatrixXd y =
          x.leftCols(3) + 0.5 * normal_matrix(50, 3, streams_seed + 100 + number);
      pair.train_step(x, y);
      all_x.conservativeResize(all_x.rows() + 50, Eigen::NoChange);
      all_y.conservativeResize(all_y.rows() + 50, Eigen::NoChange);
      all_x.bottomRows(50) = x;
      all_y.bottomRows(50) = y;
    }
    const SnapshotReport report = pair.monitor.snapshot(window).wait();
    const MeasureRow* row = report.find({"fc", "ref", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->stream == Stream::train);
    CHECK(row->window == "since_snapshot");
    CHECK(row->modes == std::array<std::string, 2>{"train", "eval"});
    CHECK(row->samples == 400);
    CHECK(*row->value == doctest::Approx(direct_distance(all_x, all_y)).epsilon(1e-10));
    // A run of the train stream alone does not miss its probe.
    CHECK(report.events.empty());
  }
}

TEST_CASE("both streams together show their drift; a reference that only the probe sees has none") {
  WatchedPair pair([](MonitorOptions& options) { options.queue_steps = 100; });
  const TapHandle probe_only = pair.monitor.watch("teacher", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(200, 4, streams_seed);
  const Eigen::MatrixXd y = x + normal_matrix(200, 4, streams_seed + 1);
  const Eigen::MatrixXd moved = x + 0.5 * normal_matrix(200, 4, streams_seed + 2);
  pair.train_step(moved, y);
  auto step = pair.observed(Stream::probe, 0, view_of(x), view_of(y));
  step.observe(probe_only, view_of(y));
  step.commit();
  const SnapshotReport report = pair.monitor.snapshot(0).wait();
  CHECK(livecca_tests::count_other_events(report) == 0);
  REQUIRE(report.drifts.size() == pair.options.measures.size());
  const DriftRow& drift = report.drifts[0];
  CHECK(drift.reference == "ref");
  CHECK(drift.probe == doctest::Approx(direct_distance(x, y)).epsilon(1e-10));
  CHECK(drift.train == doctest::Approx(direct_distance(moved, y)).epsilon(1e-10));
  CHECK(report.find({.layer = "fc",
                     .reference = "teacher",
                     .measure = "pwcca_distance",
                     .stream = Stream::probe}) != nullptr);
  CHECK(report.find({.layer = "fc",
                     .reference = "teacher",
                     .measure = "pwcca_distance",
                     .stream = Stream::train}) == nullptr);
  CHECK(pair.monitor.latest({"fc", "ref", "pwcca_distance"})->stream == Stream::probe);
  CHECK(*pair.monitor
             .latest({.layer = "fc",
                      .reference = "ref",
                      .measure = "pwcca_distance",
                      .stream = Stream::train})
             ->value == drift.train);
  CHECK_FALSE(pair.monitor.latest({"fc", "nobody", "pwcca_distance"}));
}

TEST_CASE("convolutions of the train stream are sampled at the same positions in both networks") {
  const TemporaryFolder folder;
  Monitor monitor(stream_options_in(folder));
  const TapHandle net = monitor.watch("net", "conv", Layout::nchw);
  const TapHandle ref = monitor.watch("ref", "conv", Layout::nchw);
  const std::array<std::int64_t, 4> shape{30, 3, 9, 9};
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Eigen::VectorXd values = normal_matrix(30 * 3 * 81, 1, streams_seed + i).col(0);
    auto step = monitor.begin(Stream::train, 0);
    step.observe(net, ActivationView(values.data(), DType::float64, shape));
    step.observe(ref, ActivationView(values.data(), DType::float64, shape));
    step.commit();
  }
  const SnapshotReport report = monitor.snapshot(0).wait();
  const MeasureRow* row = report.find({"conv", "ref", "mean_cca_distance"});
  CHECK(*row->value < 1e-12);
  CHECK(row->samples == 3 * 30 * 16);
  CHECK(row->effective_samples == 90);
}

TEST_CASE("a train window that is exponential or a ring is what its rows say") {
  for (const Window& window :
       {Window::exponential(100), Window::last_blocks(4, 100), Window::all()}) {
    WatchedPair pair([&](MonitorOptions& options) {
      options.train_window = window;
      options.synchronous = true;
    });
    SnapshotReport report;
    for (int snapshot = 0; snapshot < 3; ++snapshot) {
      for (std::uint64_t i = 0; i < 4; ++i) {
        const Eigen::MatrixXd x = normal_matrix(50, 3, streams_seed + i);
        pair.train_step(x, x);
      }
      report = pair.monitor.snapshot(snapshot).wait();
    }
    CAPTURE(name_of(window.kind));
    const MeasureRow* row = report.find({"fc", "ref", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->window.starts_with(name_of(window.kind)));
    if (window.kind == Window::Kind::all) CHECK(row->samples == 600);
    if (window.kind == Window::Kind::last_blocks) CHECK(row->samples == 400);
    if (window.kind == Window::Kind::exponential) CHECK(row->effective_samples < 300);
  }
}

TEST_CASE("moments that were reduced elsewhere count as if their rows had been observed") {
  WatchedPair pair;
  const Eigen::MatrixXd x = normal_matrix(300, 4, streams_seed);
  const Eigen::MatrixXd y = x.leftCols(2) + normal_matrix(300, 2, streams_seed + 1);
  pair.train_step(x.topRows(100), y.topRows(100));
  // Another worker's panel, with its taps in another order.
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"ref", "fc"}, Layout::nc);
  panel.add_tap({"net", "fc"}, Layout::nc);
  panel.add_pair(1, 0);
  {
    auto step = panel.begin();
    step.observe(0, view_of(y.bottomRows(200)));
    step.observe(1, view_of(x.bottomRows(200)));
    step.commit();
  }
  {
    auto step = pair.monitor.begin(Stream::train, 0);
    step.merge(panel.end_window());
    CHECK_THROWS_AS(step.observe(pair.net, view_of(x)), Error);
    step.commit();
  }
  check_snapshot_of(pair, x, y);
}

TEST_CASE("sums that were computed elsewhere count as if their rows had been observed") {
  WatchedPair pair;
  const Eigen::MatrixXd x = normal_matrix(300, 4, streams_seed);
  const Eigen::MatrixXd y = x.leftCols(2) + normal_matrix(300, 2, streams_seed + 1);
  pair.train_step(x.topRows(100), y.topRows(100));
  const Eigen::MatrixXd of_x = x.bottomRows(200);
  const Eigen::MatrixXd of_y = y.bottomRows(200);
  const Eigen::VectorXd mean_x = of_x.colwise().mean();
  const Eigen::VectorXd mean_y = of_y.colwise().mean();
  const Eigen::MatrixXd centred_x = of_x.rowwise() - mean_x.transpose();
  const Eigen::MatrixXd centred_y = of_y.rowwise() - mean_y.transpose();
  const Eigen::MatrixXd xx = centred_x.transpose() * centred_x;
  const Eigen::MatrixXd yy = centred_y.transpose() * centred_y;
  const Eigen::MatrixXd xy = centred_x.transpose() * centred_y;
  const auto numbers = [](const auto& matrix) {
    return std::span<const double>(matrix.data(), static_cast<std::size_t>(matrix.size()));
  };
  const SampleWeights weights = SampleWeights::equal(200, 200);
  PanelMoments window;
  window.images = 200;
  window.steps_committed = 1;
  window.taps.push_back({.name = {"net", "fc"},
                         .moments = *Moments::from_sums(
                             {.weights = weights, .mean = numbers(mean_x), .scatter = numbers(xx)}),
                         .features_of_tap = 4});
  window.taps.push_back({.name = {"ref", "fc"},
                         .moments = *Moments::from_sums(
                             {.weights = weights, .mean = numbers(mean_y), .scatter = numbers(yy)}),
                         .features_of_tap = 2});
  window.pairs.push_back({.x = 0,
                          .y = 1,
                          .moments = *CrossMoments::from_sums({.weights = weights,
                                                               .mean_x = numbers(mean_x),
                                                               .mean_y = numbers(mean_y),
                                                               .product = numbers(xy)})});
  {
    auto step = pair.monitor.begin(Stream::train, 0);
    step.merge(window);
    step.commit();
  }
  check_snapshot_of(pair, x, y);
}

TEST_CASE("a synchronous monitor and an asynchronous one write the same, row for row") {
  const TemporaryFolder folder;
  const auto run = [&](const char* name, bool synchronous, int threads) {
    MonitorOptions options;
    options.run_directory = folder.path() / name;
    options.run = "run";
    options.synchronous = synchronous;
    options.threads = threads;
    options.queue_steps = 1000;
    options.error_blocks = 5;
    TinyTraining training;
    Monitor monitor(options);
    const auto weights = training.run(&monitor);
    monitor.finish();
    CHECK(weights == TinyTraining::unwatched());
    std::vector<nlohmann::json> lines;
    for (auto line : read_lines(options.run_directory / "rows.jsonl")) {
      if (line["kind"] == "event" && line["what"] == "overhead") continue;
      for (const char* varies : {"wall_time", "checksum", "threads", "synchronous"}) {
        line.erase(varies);
      }
      lines.push_back(line);
    }
    return lines;
  };
  const auto expected = run("synchronous", true, 1);
  CHECK(expected.size() > 100);
  CHECK(run("asynchronous", false, 1) == expected);
  CHECK(run("threads", false, 4) == expected);
}

TEST_CASE("a schedule and training_step() decide when a stream is due") {
  const TemporaryFolder folder;
  MonitorOptions options = stream_options_in(folder);
  options.train_schedule = Schedule::every_steps(10);
  options.probe_schedule = Schedule::every_epochs(2);
  options.train_snapshots = Schedule::every_steps(25);
  Monitor monitor(options);
  int train = 0;
  int probe = 0;
  int snapshots = 0;
  for (int epoch = 0; epoch < 5; ++epoch) {
    for (int step = 0; step < 20; ++step) {
      train += monitor.begin_if_due(Stream::train, epoch) ? 1 : 0;
      probe += monitor.claim_probe_pass(epoch) ? 1 : 0;
      snapshots += monitor.snapshot_if_due(epoch) ? 1 : 0;
      monitor.training_step(epoch);
    }
  }
  CHECK(train == 10);
  CHECK(probe == 3);
  CHECK(snapshots == 4);
}

TEST_CASE("a call that throws claims no point of a schedule") {
  const TemporaryFolder folder;
  MonitorOptions options = stream_options_in(folder);
  options.probe_schedule = Schedule::every_epochs(1);
  Monitor monitor(options);
  {
    const auto open = monitor.begin_if_due(Stream::probe, 0);
    REQUIRE(open);
    CHECK_THROWS_AS(monitor.begin_if_due(Stream::probe, 1), Error);
    CHECK(monitor.begin_if_due(Stream::train, 1));  // may be open beside it
  }
  CHECK(monitor.begin_if_due(Stream::probe, 1));
  CHECK_FALSE(monitor.begin_if_due(Stream::probe, 1));
  monitor.finish();
  // Training may go on: nothing is due any more.
  CHECK_FALSE(monitor.begin_if_due(Stream::probe, 2));
  CHECK_FALSE(monitor.begin_if_due(Stream::train, 2));
  CHECK_FALSE(monitor.claim_probe_pass(2));
  CHECK_FALSE(monitor.snapshot_if_due(2));
  CHECK_THROWS_AS(monitor.begin(Stream::probe, 2), Error);
}

TEST_CASE("the budget decides which due steps are observed, of how many images, and says so") {
  WatchedPair pair([](MonitorOptions& options) {
    options.synchronous = true;
    options.train_schedule = Schedule::every_steps(1);
    options.overhead_budget = 0.02;
  });
  const Eigen::MatrixXd x = normal_matrix(64, 3, streams_seed);
  const auto observe = [&](Monitor::Step step) {
    step.observe(pair.net, view_of(x));
    step.observe(pair.ref, view_of(x));
    step.add_reference_time(1000);  // more than a training as long as this test can earn
    step.commit();
  };
  int due = 0;
  for (int i = 0; i < 200; ++i) {
    pair.monitor.training_step(0);
    // Long enough to pay for what observing really takes: but for what was told, more were due.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    auto step = pair.monitor.begin_if_due(Stream::train, 0);
    if (!step) continue;
    ++due;
    observe(std::move(*step));
  }
  CHECK(due == 1);  // on trust, as no cost was known
  // Not asked for, and so dear that fewer images are looked at.
  observe(pair.monitor.begin(Stream::train, 0));
  observe(pair.monitor.begin(Stream::train, 0));
  pair.monitor.snapshot(0).wait();
  const nlohmann::json row = read_lines(pair.rows()).back();
  REQUIRE(row["what"] == "overhead");
  const double images_share = row["images_share"];
  CHECK(images_share < 1);
  CHECK(row["observe_every"] > 64);
  CHECK(row["train_steps_observed"] == 3);
  REQUIRE(row["share"].is_number());
  CHECK(row["share"].get<double>() ==
        doctest::Approx(3000 / (3000 + row["training_seconds"].get<double>())).epsilon(1e-3));
  observe(pair.monitor.begin(Stream::train, 0));
  const SnapshotReport report = pair.monitor.snapshot(1).wait();
  CHECK(static_cast<double>(report.find({"fc", "ref", "pwcca_distance"})->samples) ==
        64 * images_share);
}

TEST_CASE(
    "rows of a run have the training steps that training_step() counted, and its overhead's "
    "share") {
  const TemporaryFolder folder;
  MonitorOptions options = stream_options_in(folder);
  options.synchronous = true;
  TinyTraining training;
  Monitor monitor(options);
  training.run(&monitor);
  monitor.finish();
  std::uint64_t last_step = 0;
  bool has_share = false;
  for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
    if (line["kind"] == "measure" && line["reference"] == "ref") last_step = line["step"];
    if (line["kind"] != "event" || line["what"] != "overhead") continue;
    CHECK(line["train_steps_observed"].get<int>() <= TinyTraining::steps_per_epoch);
    if (line["share"].is_number()) has_share = line["share"].get<double>() > 0;
  }
  CHECK(last_step == (TinyTraining::epochs - 1) * TinyTraining::steps_per_epoch);
  CHECK(has_share);
}

TEST_CASE("a snapshot of the train stream leaves a pass over the probe whole") {
  WatchedPair pair;
  const Eigen::MatrixXd x = normal_matrix(80, 3, streams_seed);
  const auto half = [&](Eigen::Index first) {
    return pair.observed(Stream::probe, 0, view_of(x.middleRows(first, 40)),
                         view_of(x.middleRows(first, 40)));
  };
  pair.train_step(x, x);
  half(0).commit();
  auto open = half(40);
  const SnapshotReport train = pair.monitor.snapshot(0, Stream::train).wait();
  CHECK(train
            .find({.layer = "fc",
                   .reference = "ref",
                   .measure = "pwcca_distance",
                   .stream = Stream::train})
            ->samples == 80);
  CHECK(train.find({.layer = "fc",
                    .reference = "ref",
                    .measure = "pwcca_distance",
                    .stream = Stream::probe}) == nullptr);
  open.commit();
  const SnapshotReport probe = pair.monitor.snapshot(0, Stream::probe).wait();
  CHECK(probe
            .find({.layer = "fc",
                   .reference = "ref",
                   .measure = "pwcca_distance",
                   .stream = Stream::probe})
            ->samples == 80);
  CHECK(livecca_tests::count_other_events(probe) == 0);
}

TEST_CASE("a run's folder stays where it is when the working directory changes") {
  const TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  MonitorOptions options;
  options.run_directory = "run/";
  TinyTraining training;
  Monitor monitor(options);
  std::filesystem::create_directory("elsewhere");
  training.before_epoch = [](int epoch) {
    if (epoch == 2) std::filesystem::current_path("elsewhere");
  };
  training.run(&monitor);
  monitor.finish();
  std::filesystem::current_path(before);
  CHECK(std::filesystem::is_empty(folder.path() / "elsewhere"));
  for (const auto& line : read_lines(folder.path() / "run" / "rows.jsonl")) {
    CHECK(line["run"] == "run");
    if (line["kind"] == "event") CHECK(line["what"] != "missing");
  }
}
