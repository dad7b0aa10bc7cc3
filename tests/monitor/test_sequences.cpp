#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <filesystem>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/snapshot/solve.hpp"
#include "support/file_text.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t sequences_seed = 1234;
constexpr Eigen::Index sequences = 200;
constexpr Eigen::Index sequence_steps = 6;
constexpr Eigen::Index features = 3;

/// Activations of an epoch, sequences × (steps · features), padded with NaN beyond the lengths.
Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> activations(
    int epoch, const std::vector<std::int64_t>& lengths) {
  const Eigen::MatrixXd first = normal_matrix(sequences, sequence_steps * features, sequences_seed);
  const Eigen::MatrixXd noise = normal_matrix(sequences, sequence_steps * features,
                                              sequences_seed + static_cast<std::uint64_t>(epoch));
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> values =
      epoch == 0 ? first : Eigen::MatrixXd(first + 0.7 * epoch * noise);
  for (Eigen::Index n = 0; n < sequences; ++n) {
    const std::int64_t length = lengths[static_cast<std::size_t>(n)];
    values.row(n).tail((sequence_steps - length) * features).setConstant(std::nan(""));
  }
  return values;
}

std::vector<std::int64_t> lengths_of(int shift) {
  std::vector<std::int64_t> lengths;
  for (int n = 0; n < sequences; ++n) lengths.push_back((n + shift) % (sequence_steps + 1));
  return lengths;
}

/// The last valid steps of the sequences that have one at both times.
Eigen::MatrixXd last_steps(int epoch, const std::vector<std::int64_t>& lengths,
                           const std::vector<std::int64_t>& others) {
  const auto values = activations(epoch, lengths);
  Eigen::MatrixXd rows(0, features);
  for (Eigen::Index n = 0; n < sequences; ++n) {
    const std::int64_t length = lengths[static_cast<std::size_t>(n)];
    if (length == 0 || others[static_cast<std::size_t>(n)] == 0) continue;
    rows.conservativeResize(rows.rows() + 1, Eigen::NoChange);
    rows.row(rows.rows() - 1) = values.row(n).segment((length - 1) * features, features);
  }
  return rows;
}

struct WatchedSequences {
  TemporaryFolder folder;
  Monitor monitor;
  TapHandle net;
  TapHandle ref;

  explicit WatchedSequences(const Reading& reading)
      : monitor([this] {
          MonitorOptions options;
          options.run_directory = folder.path() / "run";
          options.positions = Positions::all();
          options.history_precision = PackPrecision::exact;
          return options;
        }()),
        net(monitor.watch("net", "rnn", reading)),
        ref(monitor.watch("seed7", "rnn", reading)) {}

  SnapshotReport epoch(int number, const std::vector<std::int64_t>& lengths) {
    const auto values = activations(number, lengths);
    for (Eigen::Index first = 0; first < sequences; first += 80) {
      const Eigen::Index count = std::min<Eigen::Index>(80, sequences - first);
      const std::vector<std::int64_t> shape{count, sequence_steps, features};
      const ActivationView view(values.data() + first * sequence_steps * features, DType::float64,
                                shape);
      const auto mask = SequenceMask::of_lengths(std::span(lengths).subspan(
          static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
      auto step = monitor.begin(Stream::probe, number);
      step.observe(net, view, mask);
      step.observe(ref, view, mask);
      step.commit();
    }
    return monitor.snapshot(number).wait();
  }
};

double mean_cca_distance(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  Executor executor(1);
  const PanelSolution solution = livecca_tests::solve_pair(x, y, executor);
  const auto& correlations = solution.pairs[0].canonical_correlations;
  double sum = 0;
  for (const double value : correlations) sum += value;
  return 1 - sum / static_cast<double>(correlations.size());
}

}  // namespace

TEST_CASE("the last valid steps are compared with the start's, row by row, whatever is masked") {
  MESSAGE("seed " << sequences_seed);
  WatchedSequences watched(Reading::last_step(Layout::ntc));
  const auto start = lengths_of(0);
  watched.epoch(0, start);
  std::size_t epoch = 1;
  // The same probe again, and one whose empty sequences are others.
  for (const auto& lengths : {start, lengths_of(1)}) {
    const auto number = static_cast<int>(epoch++);
    const SnapshotReport report = watched.epoch(number, lengths);
    CHECK(report.events.empty());
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
  const Eigen::MatrixXd now = last_steps(2, lengths_of(1), start);
  const Eigen::MatrixXd then = last_steps(0, start, lengths_of(1));
  REQUIRE(row->value);
  CHECK(*row->value == doctest::Approx(mean_cca_distance(then, now)).epsilon(1e-9));
  CHECK(row->samples == static_cast<std::uint64_t>(now.rows()));
}

TEST_CASE("masked steps as samples are compared with a reference, not kept, and said so") {
  WatchedSequences watched(Layout::ntc);
  for (int epoch = 0; epoch < 2; ++epoch) {
    const SnapshotReport report = watched.epoch(epoch, lengths_of(0));
    const MeasureRow* row = report.find({"rnn", "seed7", "mean_cca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->samples == 594);  // lengths 0 … 6, 28 times over, and 0 … 3
    CHECK(*row->value < 1e-12);
    CHECK(report.find({"rnn", "start", "mean_cca_distance"}) == nullptr);
  }
  watched.monitor.finish();
  const std::string rows = livecca_tests::text_of(watched.monitor.run_directory() / "rows.jsonl");
  CHECK(rows.find("history_failed") != std::string::npos);
  CHECK(rows.find("expected no masked steps where every step is a sample") != std::string::npos);
}

TEST_CASE("steps without a mask are kept as positions are, and the run's row names the reading") {
  WatchedSequences watched(Layout::ntc);
  const std::vector<std::int64_t> full(sequences, sequence_steps);
  watched.epoch(0, full);
  const SnapshotReport report = watched.epoch(1, full);
  const MeasureRow* row = report.find({"rnn", "start", "mean_cca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->samples == sequences * sequence_steps);
  const auto flat = [&](int epoch) {
    const auto values = activations(epoch, full);
    return Eigen::MatrixXd(
        Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
            values.data(), sequences * sequence_steps, features));
  };
  CHECK(*row->value == doctest::Approx(mean_cca_distance(flat(1), flat(0))).epsilon(1e-9));
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
  const Eigen::MatrixXd values = normal_matrix(40, 2 * 3 * 4 * 5, sequences_seed);
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
