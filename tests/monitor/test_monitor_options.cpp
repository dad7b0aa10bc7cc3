#include <doctest/doctest.h>

#include <algorithm>

#include "drifting_network.hpp"
#include "livecca/common/error.hpp"
#include "livecca/measures/measure.hpp"
#include "moments/products/product_kernel.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::uint64_t monitor_options_seed = 2718;

MonitorOptions valid_options_in(const TemporaryFolder& folder) {
  MESSAGE("seed " << monitor_options_seed);
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  return options;
}

/// Two epochs of a layer against a reference and its own start; the second's report.
SnapshotReport two_epochs(const MonitorOptions& options, Eigen::Index batch = 20) {
  const DriftingNetwork network(monitor_options_seed);
  Monitor monitor(options);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  network.epoch(monitor, net, ref, 0, 0.1, batch).wait();
  return network.epoch(monitor, net, ref, 1, 0.5, batch).wait();
}

/// The rows of a run of that kind, as they lie on the disk.
std::vector<nlohmann::json> rows(const MonitorOptions& options, const char* kind) {
  std::vector<nlohmann::json> lines = read_lines(options.run_directory / "rows.jsonl");
  std::erase_if(lines, [&](const nlohmann::json& line) { return line["kind"] != kind; });
  REQUIRE_FALSE(lines.empty());
  return lines;
}

}  // namespace

TEST_CASE("precision: fast products are marked in every row and near the exact ones") {
  const TemporaryFolder exact_folder;
  const TemporaryFolder fast_folder;
  const MonitorOptions exact = valid_options_in(exact_folder);
  MonitorOptions fast = valid_options_in(fast_folder);
  fast.precision = Precision::fast;
  const SnapshotReport expected = two_epochs(exact);
  const SnapshotReport report = two_epochs(fast);
  for (const char* reference : {"seed7", "start"}) {
    const MeasureRow* row = report.find({"fc", reference, "pwcca_distance"});
    REQUIRE(row != nullptr);
    const double other = *expected.find({"fc", reference, "pwcca_distance"})->value;
    CHECK(*row->value == doctest::Approx(other).epsilon(1e-5));
    CHECK(*row->value != other);
  }
  for (const auto& row : rows(exact, "measure")) CHECK(row["precision"] == "exact");
  for (const auto& row : rows(fast, "measure")) CHECK(row["precision"] == "fast");
  const auto run = rows(fast, "run").back();
  CHECK(run["precision"] == "fast");
  CHECK(run["instructions"] == product_kernel().instructions);
  for (const auto& layer : rows(fast, "layer")) CHECK(layer["dtype"] == "float64");
}

TEST_CASE("error_blocks: rows have standard errors, where there are steps enough for them") {
  const TemporaryFolder none_folder;
  const TemporaryFolder some_folder;
  const TemporaryFolder few_folder;
  const MonitorOptions none = valid_options_in(none_folder);
  MonitorOptions some = valid_options_in(some_folder);
  some.error_blocks = 10;
  const SnapshotReport plain = two_epochs(none);
  const SnapshotReport report = two_epochs(some);
  for (const char* reference : {"seed7", "start"}) {
    const MeasureRow* row = report.find({"fc", reference, "pwcca_distance"});
    REQUIRE(row != nullptr);
    REQUIRE(row->standard_error);
    CHECK(*row->standard_error > 0);
    CHECK(*row->standard_error < 0.1);
    const MeasureRow* without = plain.find({"fc", reference, "pwcca_distance"});
    CHECK_FALSE(without->standard_error);
    CHECK(*row->value == doctest::Approx(*without->value).epsilon(1e-10));
  }
  CHECK(rows(none, "measure").back()["standard_error"].is_null());
  CHECK(rows(some, "measure").front()["standard_error"].is_number());
  CHECK(rows(some, "run").back()["error_blocks"] == 10);
  MonitorOptions few = valid_options_in(few_folder);
  few.error_blocks = 10;
  const SnapshotReport in_one_batch = two_epochs(few, 200);
  CHECK_FALSE(in_one_batch.find({"fc", "seed7", "pwcca_distance"})->standard_error);
  const auto says_why = [](const nlohmann::json& event) { return event["what"] == "few_batches"; };
  CHECK(std::ranges::any_of(rows(few, "event"), says_why));
  CHECK(std::ranges::none_of(rows(some, "event"), says_why));
  few.error_blocks = 4;
  CHECK(few.check().why().find("5 error_blocks, got 4") != std::string::npos);
}

TEST_CASE("own_motion: a verdict a layer and snapshot, or none; directions all the same") {
  for (const bool own_motion : {true, false}) {
    CAPTURE(own_motion);
    const TemporaryFolder folder;
    MonitorOptions options = valid_options_in(folder);
    options.verdicts.own_motion = own_motion;
    const SnapshotReport report = two_epochs(options);
    REQUIRE(report.verdicts.size() == (own_motion ? 1 : 0));
    if (own_motion) {
      CHECK(report.verdicts[0].layer == "fc");
      CHECK(report.verdicts[0].reference.empty());
      // It is the start as well, of which the row has the distance before it is de-biased.
      const MeasureRow* start = report.find({"fc", "start", "pwcca_distance"});
      CHECK(report.verdicts[0].moved[0].value() ==
            doctest::Approx(*start->value / *start->noise_floor).epsilon(1e-9));
      CHECK_FALSE(report.verdicts[0].moved[1]);
    }
    CHECK(report.directions.size() == 2);  // seed7 and start
  }
}

TEST_CASE("max_features: wider layers are cut, the start as the layer, and rows say from what") {
  const TemporaryFolder folder;
  MonitorOptions options = valid_options_in(folder);
  options.max_features = 4;
  options.feature_seed = 3;
  const SnapshotReport report = two_epochs(options);
  for (const char* reference : {"seed7", "start"}) {
    const MeasureRow* row = report.find({"fc", reference, "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->status == Status::ok);
    CHECK(row->features == std::array<std::size_t, 2>{4, 4});
  }
  const MeasureRow* row = report.find({"fc", "seed7", "pwcca_distance"});
  CHECK(row->features_of_taps == std::array<std::size_t, 2>{6, 6});
  const auto run = rows(options, "run").back();
  CHECK(run["max_features"] == 4);
  CHECK(run["feature_seed"] == 3);
  for (const auto& layer : rows(options, "layer")) CHECK(layer["features_of_tap"] == 6);
  // The same as of the chosen features alone.
  const DriftingNetwork network(monitor_options_seed);
  std::vector<std::size_t> chosen;
  choose_features(6, 4, 3, chosen);
  Executor executor(1);
  const Eigen::MatrixXd x = network.layer(0.5)(Eigen::all, chosen);
  const Eigen::MatrixXd y = network.reference()(Eigen::all, chosen);
  const auto solution = livecca_tests::solve_pair(x, y, executor);
  const double expected = *evaluate(solution, 0, *find_measure("pwcca")).distance();
  CHECK(*row->value == doctest::Approx(expected).epsilon(1e-10));
}

TEST_CASE("memory_limit: a known shape is refused, an unknown one an event, the others go on") {
  const TemporaryFolder folder;
  MonitorOptions options = valid_options_in(folder);
  options.memory_limit = 10'000;
  Monitor monitor(options);
  CHECK_THROWS_WITH_AS(
      monitor.watch("net", "wide", Layout::nc, TapShape{.features = 200}),
      "net/wide: expected moments within the memory limit of 10000 bytes, they would take 323200",
      Error);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  const TapHandle wide = monitor.watch("net", "wide", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(100, 5, monitor_options_seed);
  const Eigen::MatrixXd y = normal_matrix(100, 5, monitor_options_seed + 1);
  const Eigen::MatrixXd z = normal_matrix(100, 200, monitor_options_seed + 2);
  auto step = monitor.begin(Stream::probe, 0);
  step.observe(net, view_of(x));
  step.observe(ref, view_of(y));
  step.observe(wide, view_of(z));
  step.commit();
  const SnapshotReport report = monitor.snapshot(0).wait();
  CHECK(report.find({"fc", "seed7", "pwcca_distance"})->status == Status::ok);
  const auto is_it = [](const Event& event) {
    return event.what == "over_limit" && event.subject == "net/wide";
  };
  CHECK(std::ranges::count_if(report.events, is_it) == 1);
  CHECK(rows(options, "run").back()["moments_bytes"] <= 10'000);
}
