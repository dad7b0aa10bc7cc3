#include <doctest/doctest.h>

#include <Eigen/Core>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/monitor/monitor.hpp"
#include "report_events.hpp"
#include "support/file_text.hpp"
#include "watched_sequences.hpp"

using namespace livecca;
using livecca_tests::has_only_unequal_windows;
using livecca_tests::mean_cca_distance;
using livecca_tests::normal_matrix;
using livecca_tests::sequence_options;
using livecca_tests::Sequences;
using livecca_tests::TemporaryFolder;

namespace {

using Lengths = Sequences::Lengths;

/// The last valid steps of the sequences that have one at both times.
Eigen::MatrixXd last_steps(int epoch, const Lengths& lengths, const Lengths& others) {
  return Sequences::rows(epoch, [&](Eigen::Index n, Eigen::Index step) {
    const auto sequence = static_cast<std::size_t>(n);
    return others[sequence] > 0 && step == lengths[sequence] - 1;
  });
}

/// A network's sequences beside the same of a reference.
struct SequencePair {
  TemporaryFolder folder;
  Monitor monitor{sequence_options(folder.path())};
  TapHandle net;
  TapHandle ref;

  explicit SequencePair(const Reading& reading)
      : net(monitor.watch("net", "rnn", reading)), ref(monitor.watch("seed7", "rnn", reading)) {}

  SnapshotReport epoch(int number, const Lengths& lengths) {
    Sequences::batches(number, lengths, [&](const auto& view, const auto& mask) {
      auto step = monitor.begin(Stream::probe, number);
      step.observe(net, view, mask);
      step.observe(ref, view, mask);
      step.commit();
    });
    return monitor.snapshot(number).wait();
  }
};

}  // namespace

TEST_CASE("the last valid steps are compared with the start's, row by row, whatever is masked") {
  MESSAGE("seed " << Sequences::seed);
  SequencePair watched(Reading::last_step(Layout::ntc));
  const auto start = Sequences::lengths(0);
  watched.epoch(0, start);
  std::size_t epoch = 1;
  // The same probe again, and one whose empty sequences are others.
  for (const auto& lengths : {start, Sequences::lengths(1)}) {
    const auto number = static_cast<int>(epoch++);
    const SnapshotReport report = watched.epoch(number, lengths);
    CHECK(has_only_unequal_windows(report));
    const MeasureRow* row = report.find({"rnn", "start", "mean_cca_distance"});
    REQUIRE(row != nullptr);
    REQUIRE(row->value);
    const Eigen::MatrixXd now = last_steps(number, lengths, start);
    const Eigen::MatrixXd then = last_steps(0, start, lengths);
    CHECK(row->samples == static_cast<std::uint64_t>(now.rows()));
    CHECK(row->samples_left_out == 0);
    CHECK(*row->value == doctest::Approx(mean_cca_distance(now, then)).epsilon(1e-9));
  }
  // Epochs 0 and 2 have other empty sequences: their common ones are compared at the end, too.
  const SnapshotReport curves = watched.monitor.finish();
  CHECK(curves.events.empty());
  const MeasureRow* row = curves.find(
      {.layer = "rnn", .reference = "final", .measure = "mean_cca_distance", .epoch = 0});
  REQUIRE(row != nullptr);
  const Eigen::MatrixXd now = last_steps(2, Sequences::lengths(1), start);
  const Eigen::MatrixXd then = last_steps(0, start, Sequences::lengths(1));
  REQUIRE(row->value);
  CHECK(*row->value == doctest::Approx(mean_cca_distance(then, now)).epsilon(1e-9));
  CHECK(row->samples == static_cast<std::uint64_t>(now.rows()));
}

TEST_CASE("masked steps as samples are compared with a reference") {
  SequencePair watched(Layout::ntc);
  for (int epoch = 0; epoch < 2; ++epoch) {
    const SnapshotReport report = watched.epoch(epoch, Sequences::lengths(0));
    CHECK(report.events.size() == (epoch == 0 ? 1 : 0));  // nobody told the probe's inputs
    const MeasureRow* row = report.find({"rnn", "seed7", "mean_cca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->samples == 594);  // lengths 0 … 6, 28 times over, and 0 … 3
    CHECK(*row->value < 1e-12);
  }
}

TEST_CASE("steps without a mask are kept as positions are, and the run's row names the reading") {
  SequencePair watched(Layout::ntc);
  const Lengths full = Sequences::whole();
  watched.epoch(0, full);
  const SnapshotReport report = watched.epoch(1, full);
  const MeasureRow* row = report.find({"rnn", "start", "mean_cca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->samples == Sequences::count * Sequences::steps);
  const auto all = [](Eigen::Index, Eigen::Index) { return true; };
  CHECK(*row->value ==
        doctest::Approx(mean_cca_distance(Sequences::rows(1, all), Sequences::rows(0, all)))
            .epsilon(1e-9));
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const TapHandle tap = monitor.watch("net", "rnn", Reading::at_step(Layout::tnc, 4));
  CHECK(monitor.watch("net", "rnn", Reading::at_step(Layout::tnc, 4)).index == tap.index);
  CHECK_THROWS_WITH_AS(monitor.watch("net", "rnn", Layout::tnc),
                       "net/rnn: expected layout tnc step 4 as watched before, got tnc", Error);
  CHECK_THROWS_AS(monitor.watch("net", "conv", Reading::last_step(Layout::nchw)), Error);
  monitor.snapshot(0).wait();
  const std::string rows = livecca_tests::text_of(options.run_directory / "rows.jsonl");
  CHECK(rows.find("\"layout\":\"tnc step 4\"") != std::string::npos);
}

TEST_CASE("a volume's history keeps its depth") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  Monitor monitor(options);
  const TapHandle net = monitor.watch("net", "conv", Layout::ncdhw);
  const Eigen::MatrixXd values = normal_matrix(40, 2 * 3 * 4 * 5, Sequences::seed);
  const std::vector<std::int64_t> shape{40, 2, 3, 4, 5};
  SnapshotReport report;
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    step.observe(net, ActivationView(values.data(), DType::float64, shape));
    step.commit();
    report = monitor.snapshot(epoch).wait();
  }
  CHECK(report.events.empty());
  REQUIRE(report.find({"conv", "start", "mean_cca_distance"}) != nullptr);
  CHECK(*report.find({"conv", "start", "mean_cca_distance"})->value < 1e-12);
  const std::string file =
      livecca_tests::text_of(options.run_directory / "history/snapshot-0000.safetensors");
  CHECK(file.find(R"(\"grid\":[3,4,5])") != std::string::npos);
}
