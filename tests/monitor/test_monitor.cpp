#include "livecca/monitor/monitor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "drifting_network.hpp"
#include "livecca/common/error.hpp"
#include "livecca/measures/measure.hpp"
#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::DriftingNetwork;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;

namespace {

MonitorOptions monitor_options_in(const TemporaryFolder& folder) {
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 2;
  options.history_precision = PackPrecision::exact;
  return options;
}

double pwcca(const SnapshotReport& report, const char* reference) {
  const MeasureRow* row = report.find({"fc", reference, "pwcca_distance"});
  REQUIRE(row != nullptr);
  REQUIRE(row->value);
  return *row->value;
}

}  // namespace

TEST_CASE("a run tells the distance to the reference, to the own start and to the final state") {
  const TemporaryFolder folder;
  const DriftingNetwork network(1);
  Monitor monitor(monitor_options_in(folder));
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  std::vector<double> to_reference;
  std::vector<double> to_start;
  const std::vector<double> shares{0, 0.3, 0.6, 0.9};
  for (std::size_t epoch = 0; epoch < shares.size(); ++epoch) {
    const auto ticket =
        network.epoch(monitor, net, ref, static_cast<std::int64_t>(epoch), shares[epoch]);
    const SnapshotReport& report = ticket.wait();
    CHECK(ticket.ready());
    CHECK(livecca_tests::count_other_events(report) == 0);
    to_reference.push_back(pwcca(report, "seed7"));
    if (epoch == 0) {
      CHECK(report.find({"fc", "start", "pwcca_distance"}) == nullptr);
    } else {
      to_start.push_back(pwcca(report, "start"));
    }
  }
  CHECK(std::ranges::is_sorted(to_reference, std::greater<>()));
  CHECK(std::ranges::is_sorted(to_start));
  const SnapshotReport curves = monitor.finish();
  std::vector<double> to_final;
  for (const MeasureRow& row : curves.measures) {
    if (row.measure == "pwcca_distance") to_final.push_back(*row.value);
  }
  REQUIRE(to_final.size() == 3);
  CHECK(std::ranges::is_sorted(to_final, std::greater<>()));

  // The same numbers from one pass over all rows.
  Executor executor(1);
  const auto direct = [&](const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
    const auto solution = livecca_tests::solve_pair(x, y, executor);
    return *evaluate(solution, 0, *find_measure("pwcca")).distance();
  };
  CHECK(std::abs(to_reference[1] - direct(network.layer(0.3), network.reference())) < 1e-10);
  CHECK(std::abs(to_start[1] - direct(network.layer(0.6), network.layer(0))) < 1e-10);
  CHECK(std::abs(to_final[1] - direct(network.layer(0.3), network.layer(0.9))) < 1e-10);
}

TEST_CASE("rows.jsonl holds every number with what is needed to judge it") {
  const TemporaryFolder folder;
  MonitorOptions options = monitor_options_in(folder);
  options.notes = {{"learning_rate", "0.1"}};
  options.run = "trial";
  {
    const DriftingNetwork network(2);
    Monitor monitor(options);
    const TapHandle net = monitor.watch("net", "fc", Layout::nc);
    const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
    monitor.log(0, "loss", 2.5);
    for (int epoch = 0; epoch < 3; ++epoch) network.epoch(monitor, net, ref, epoch, 0.2 * epoch);
    monitor.finish();
  }
  std::multiset<std::string> kinds;
  std::set<std::string> references;
  for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
    CHECK(line["schema"] == 1);
    CHECK(line["run"] == "trial");
    CHECK(line["wall_time"].is_number());
    kinds.insert(line["kind"].get<std::string>());
    if (line["kind"] == "run") CHECK(line["notes"]["learning_rate"] == "0.1");
    if (line["kind"] != "measure") continue;
    const auto reference = line["reference"].get<std::string>();
    references.insert(reference);
    CHECK(line["reference_kind"] == (reference == "seed7" ? "network" : reference));
    CHECK(line["samples"] == 400);
    CHECK(line["effective_samples"] == 400);
    CHECK(line["ranks"] == nlohmann::json::array({6, 6}));
    CHECK(line["status"] == "ok");
    CHECK(line["value"].is_number());
    CHECK(line["noise_floor"].is_number());
    CHECK(line["p_value"].is_number());
  }
  CHECK(references == std::set<std::string>{"seed7", "start", "final"});
  // 4 measures: 3 snapshots to seed7, 2 to the start, 2 curves to the final state.
  CHECK(kinds.count("measure") == 4 * 7);
  CHECK(kinds.count("spectrum") == 7);
  CHECK(kinds.count("layer") == 2 * 3);
  CHECK(kinds.count("run") == 2);
  CHECK(kinds.count("log") == 1);
}

TEST_CASE("the probe's batch size changes no number beyond rounding, nor do threads any bit") {
  const DriftingNetwork network(3);
  const auto run = [&](Eigen::Index batch, int threads) {
    const TemporaryFolder folder;
    MonitorOptions options = monitor_options_in(folder);
    options.threads = threads;
    Monitor monitor(options);
    const TapHandle net = monitor.watch("net", "fc", Layout::nc);
    const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
    network.epoch(monitor, net, ref, 0, 0.1, batch).wait();
    const auto ticket = network.epoch(monitor, net, ref, 1, 0.5, batch);
    return std::pair(pwcca(ticket.wait(), "seed7"), pwcca(ticket.wait(), "start"));
  };
  const auto expected = run(100, 1);
  CHECK(run(100, 2) == expected);
  CHECK(run(100, 4) == expected);
  const auto other = run(7, 1);
  CHECK(std::abs(other.first - expected.first) < 1e-12);
  CHECK(std::abs(other.second - expected.second) < 1e-12);
}

TEST_CASE("convolutions are sampled at the same positions in both networks") {
  const TemporaryFolder folder;
  Monitor monitor(monitor_options_in(folder));
  const TapHandle net = monitor.watch("net", "conv", Layout::nchw);
  const TapHandle ref = monitor.watch("seed7", "conv", Layout::nhwc);
  // The same activations in two layouts: at other positions they would not agree.
  const Eigen::VectorXd values = livecca_tests::normal_matrix(60 * 3 * 8 * 8, 1, 4).col(0);
  const std::array<std::int64_t, 4> nchw{60, 3, 8, 8};
  const std::array<std::int64_t, 4> nhwc{60, 8, 8, 3};
  const std::array<std::int64_t, 4> nhwc_strides{192, 8, 1, 64};
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    step.observe(net, ActivationView(values.data(), DType::float64, nchw));
    step.observe(ref, ActivationView(values.data(), DType::float64, nhwc, nhwc_strides));
    step.commit();
    const SnapshotReport report = monitor.snapshot(epoch).wait();
    const MeasureRow* row = report.find({"conv", "seed7", "mean_cca_distance"});
    REQUIRE(row != nullptr);
    CHECK(*row->value < 1e-12);
    CHECK(row->samples == 60 * 16);
    CHECK(row->effective_samples == 60);
    if (epoch == 0) continue;
    CHECK(*report.find({"conv", "start", "mean_cca_distance"})->value < 1e-12);
  }
}

TEST_CASE("a monitor refuses a folder that holds a run, and options without sense") {
  const TemporaryFolder folder;
  const MonitorOptions options = monitor_options_in(folder);
  { const Monitor monitor(options); }
  CHECK_THROWS_AS(Monitor{options}, Error);
  const auto refused = [&](auto change) {
    MonitorOptions bad = options;
    bad.run_directory = folder.path() / "other";
    change(bad);
    CHECK(bad.check().why().find("expected") != std::string::npos);
    CHECK_THROWS_AS(Monitor{bad}, Error);
  };
  refused([](MonitorOptions& o) { o.run_directory.clear(); });
  refused([](MonitorOptions& o) { o.network = "start"; });
  refused([](MonitorOptions& o) { o.measures = {"pwcca_distance"}; });
  refused([](MonitorOptions& o) { o.measures.clear(); });
  refused([](MonitorOptions& o) { o.keep_variance = 0; });
  refused([](MonitorOptions& o) { o.partial_whitening_alpha = 1.5; });
  refused([](MonitorOptions& o) { o.threads = -1; });
  MonitorOptions blocked = options;
  blocked.run_directory = folder.path() / "file" / "run";
  std::ofstream(folder.path() / "file") << "not a folder";
  CHECK_THROWS_AS(Monitor{blocked}, Error);
}

TEST_CASE("wrong use throws and names the tap") {
  const TemporaryFolder folder;
  Monitor monitor(monitor_options_in(folder));
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  CHECK(monitor.watch("net", "fc", Layout::nc).index == net.index);
  CHECK_THROWS_WITH_AS(monitor.watch("net", "fc", Layout::nchw),
                       "net/fc: expected layout nc as watched before, got nchw", Error);
  CHECK_THROWS_AS(monitor.watch("start", "fc", Layout::nc), Error);
  auto step = monitor.begin(Stream::probe, 0);
  CHECK_THROWS_AS(monitor.begin(Stream::probe, 0), Error);
  CHECK_THROWS_AS(monitor.snapshot(0), Error);
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(5, 2);
  CHECK_THROWS_AS(step.observe(TapHandle{9}, view_of(x)), Error);
  step.observe(net, view_of(x));
  step.commit();
  CHECK_THROWS_AS(step.commit(), Error);
  CHECK_THROWS_AS(step.observe(net, view_of(x)), Error);
}

TEST_CASE("snapshots that come faster than they are solved are all solved, in their order") {
  const TemporaryFolder folder;
  const DriftingNetwork network(5);
  MonitorOptions options = monitor_options_in(folder);
  options.queue_steps = 2;
  std::vector<std::int64_t> solved;
  options.on_snapshot = [&](const SnapshotReport& report) { solved.push_back(report.epoch); };
  Monitor monitor(options);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  std::vector<SnapshotTicket> tickets;
  for (int epoch = 0; epoch < 30; ++epoch) {
    tickets.push_back(network.epoch(monitor, net, ref, epoch, 0.5));
  }
  for (const SnapshotTicket& ticket : tickets) {
    CHECK(pwcca(ticket.wait(), "seed7") == pwcca(tickets[0].wait(), "seed7"));
  }
  monitor.finish();
  CHECK(solved.size() == 30);
  CHECK(std::ranges::is_sorted(solved));
}

TEST_CASE("on_snapshot is told the verdicts and directions that the ticket has") {
  const TemporaryFolder folder;
  const DriftingNetwork network(6);
  MonitorOptions options = monitor_options_in(folder);
  options.synchronous = true;
  std::vector<SnapshotReport> told;
  options.on_snapshot = [&](const SnapshotReport& report) { told.push_back(report); };
  Monitor monitor(options);
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("seed7", "fc", Layout::nc);
  for (int epoch = 0; epoch < 8; ++epoch) {
    const SnapshotReport report = network.epoch(monitor, net, ref, epoch, 0.1 * epoch).wait();
    REQUIRE(told.size() == static_cast<std::size_t>(epoch + 1));
    CHECK(told.back().verdicts == report.verdicts);
    CHECK(told.back().directions == report.directions);
    REQUIRE(report.verdicts.size() == 1);
    CHECK(report.verdicts[0].layer == "fc");
    CHECK(report.verdicts[0].speed.has_value() == (epoch > 0));
    // To seed7, and from the second snapshot on to the start.
    CHECK(report.directions.size() == (epoch == 0 ? 1 : 2));
  }
  CHECK(told.back().verdicts[0].verdict == "moving");
  CHECK(told.back().directions[0].direction == "nearing");
}

TEST_CASE("after the end nothing more can be watched") {
  const TemporaryFolder folder;
  Monitor monitor(monitor_options_in(folder));
  monitor.finish();
  CHECK_THROWS_AS(monitor.begin(Stream::probe, 0), Error);
  CHECK_THROWS_AS(monitor.snapshot(0), Error);
  CHECK_THROWS_AS(monitor.finish(), Error);
}
