#include <doctest/doctest.h>

#include <Eigen/Core>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "http_client.hpp"
#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "promtool.hpp"
#include "temporary_folder.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;

namespace {

Eigen::MatrixXd random_matrix(unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  return Eigen::MatrixXd::NullaryExpr(400, 4, [&] { return normal(generator); });
}

/// The page once it says so; what it is after 20 s otherwise.
std::string page_with(const livecca::PrometheusSink& sink, const std::string& text) {
  for (int i = 0; i < 400 && sink.page().find(text) == std::string::npos; ++i) {
    std::this_thread::sleep_for(50ms);
  }
  return sink.page();
}

}  // namespace

TEST_CASE("a monitor's numbers come through") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "run.prom";
  const auto sink = std::make_shared<livecca::PrometheusSink>(
      livecca::PrometheusOptions{.port = 0, .textfile = file});
  livecca::MonitorOptions options;
  options.run_directory = folder.path() / "first";
  options.measures = {"pwcca"};
  options.sinks = {sink};
  {
    livecca::Monitor monitor(options);
    const auto net = monitor.watch("net", "fc", livecca::Layout::nc);
    const auto other = monitor.watch("seed7", "fc", livecca::Layout::nc);
    const Eigen::MatrixXd activations = random_matrix(1);
    auto step = monitor.begin(livecca::Stream::probe, 3);
    step.observe(net, livecca::view_of(activations));
    step.observe(other, livecca::view_of(activations));
    step.commit();
    monitor.log(3, "loss", 0.5);
    monitor.snapshot(3);
    const std::string series =
        R"(livecca_measure{run="first",stream="probe",layer="fc",reference="seed7",measure="pwcca_distance"} )";
    const std::string page = page_with(*sink, series);
    const auto at = page.find(series);
    REQUIRE(at != std::string::npos);
    // A layer is at no distance from itself.
    CHECK(std::abs(std::stod(page.substr(at + series.size()))) < 1e-6);
    CHECK(page.find("livecca_log_value{run=\"first\",name=\"loss\"} 0.5\n") != std::string::npos);
    CHECK(page.find("livecca_epoch{run=\"first\"} 3\n") != std::string::npos);
    CHECK(scrape(sink->port()).body.find(series) != std::string::npos);
    if (why_no_promtool().empty()) {
      CHECK(complaints_of_promtool(page).empty());
    } else {
      MESSAGE(why_no_promtool());
    }
    monitor.finish();
  }
  CHECK(sink->port() == 0);
  CHECK(text_of(file).find("livecca_run_closed{run=\"first\"} 1\n") != std::string::npos);
}
