#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "monitor/test_knobs.hpp"
#include "promtool.hpp"
#include "support/file_text.hpp"
#include "support/http_client.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca_tests;
using namespace std::chrono_literals;
using livecca::PrometheusSink;

namespace {

const std::string series =
    R"(livecca_measure{run="first",stream="probe",layer="fc",reference="seed7",measure="pwcca_distance"} )";

using Sinks = std::vector<std::shared_ptr<livecca::Sink>>;

/// A run of one pair, whose sides are the same.
class Run {
 public:
  Run(const TemporaryFolder& folder, Sinks sinks)
      : monitor_(livecca::MonitorForTests::begun(options_in(folder, std::move(sinks)),
                                                 {.sink_retry_seconds = 0.01})) {}

  void pass(std::int64_t epoch) {
    const Eigen::MatrixXd activations = normal_matrix(400, 4, 1);
    auto step = monitor_.begin(livecca::Stream::probe, epoch);
    for (const auto tap : {net_, reference_}) step.observe(tap, livecca::view_of(activations));
    step.commit();
    monitor_.snapshot(epoch);
  }

  void log(std::int64_t epoch, double loss) { monitor_.log(epoch, "loss", loss); }
  void finish() { monitor_.finish(); }

 private:
  static livecca::MonitorOptions options_in(const TemporaryFolder& folder, Sinks sinks) {
    livecca::MonitorOptions options;
    options.run_directory = folder.path() / "first";
    options.measures = {"pwcca"};
    options.sinks = std::move(sinks);
    return options;
  }

  livecca::Monitor monitor_;
  livecca::TapHandle net_ = monitor_.watch("net", "fc", livecca::Layout::nc);
  livecca::TapHandle reference_ = monitor_.watch("seed7", "fc", livecca::Layout::nc);
};

/// The page once it says all of it; what it is after 20 s otherwise.
std::string page_with(const std::function<std::string()>& page,
                      const std::vector<std::string>& texts) {
  for (int i = 0; i < 400; ++i) {
    const std::string now = page();
    const auto is_there = [&](const std::string& text) {
      return now.find(text) != std::string::npos;
    };
    if (std::ranges::all_of(texts, is_there)) break;
    std::this_thread::sleep_for(50ms);
  }
  return page();
}

bool has_line(const std::string& page, const std::string& line) {
  return ('\n' + page).find('\n' + line + '\n') != std::string::npos;
}

/// Whether the page shows the run at an epoch, and that another sink fails.
void check_newest(const std::function<std::string()>& page, const std::string& epoch) {
  const std::string line = "livecca_epoch{run=\"first\"} " + epoch;
  const std::string failed = R"(livecca_events_total{run="first",event="sink_failed"} 1)";
  const std::string now = page_with(page, {line + '\n', failed + '\n', series});
  CAPTURE(now);
  CHECK(has_line(now, line));
  CHECK(has_line(now, failed));
  CHECK(now.find(series) != std::string::npos);
}

}  // namespace

TEST_CASE("a monitor's numbers come through") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "run.prom";
  const auto sink = std::make_shared<PrometheusSink>(livecca::PrometheusOptions{.port = 0});
  auto run = std::make_unique<Run>(folder, Sinks{sink, livecca::prometheus_textfile_sink(file)});
  run->log(3, 0.5);
  run->pass(3);
  const std::string page = page_with([&] { return sink->page(); }, {series});
  const auto at = page.find(series);
  REQUIRE(at != std::string::npos);
  // A layer is at no distance from itself.
  CHECK(std::abs(std::stod(page.substr(at + series.size()))) < 1e-6);
  CHECK(has_line(page, R"(livecca_log_value{run="first",name="loss"} 0.5)"));
  CHECK(has_line(page, R"(livecca_epoch{run="first"} 3)"));
  CHECK(scrape(sink->port()).body.find(series) != std::string::npos);
  run->finish();
  run.reset();
  CHECK(sink->port() == 0);
  CHECK(has_line(text_of(file), R"(livecca_run_closed{run="first"} 1)"));
  CHECK(text_of(file).find(series) != std::string::npos);
}

TEST_CASE("200 scrapes a second for 10 s, while training goes on: none fails") {
  const TemporaryFolder folder;
  const auto sink = std::make_shared<PrometheusSink>(livecca::PrometheusOptions{.port = 0});
  Run run(folder, {sink});
  std::atomic<bool> is_over{false};
  std::thread training([&] {
    for (int epoch = 0; !is_over; ++epoch) {
      run.log(epoch, 1.0 / (epoch + 1));
      run.pass(epoch);
      std::this_thread::sleep_for(20ms);
    }
  });
  const std::string newest = page_with([&] { return sink->page(); }, {series});
  REQUIRE(newest.find(series) != std::string::npos);
  int whole = 0;
  double last_epoch = 0;
  int steps_back = 0;
  HttpClient client(sink->port());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 2000; ++i) {
    std::this_thread::sleep_until(begin + i * 5ms);
    const auto answer = client.get("/metrics");
    const auto at = answer.body.find("\nlivecca_epoch{run=\"first\"} ");
    if (answer.status != 200 || at == std::string::npos) continue;
    ++whole;
    const double epoch = std::stod(answer.body.substr(answer.body.find("} ", at) + 2));
    steps_back += epoch < last_epoch ? 1 : 0;
    last_epoch = epoch;
  }
  is_over = true;
  training.join();
  CHECK(whole == 2000);
  CHECK(steps_back == 0);
  CHECK(last_epoch > 1);
}

TEST_CASE("promtool has nothing to say against what is scraped of a monitor" *
          doctest::test_suite("promtool") * doctest::skip()) {
  const TemporaryFolder folder;
  const auto sink = std::make_shared<PrometheusSink>(livecca::PrometheusOptions{.port = 0});
  Run run(folder, {sink});
  run.log(3, 0.5);
  run.pass(3);
  const std::string page = page_with([&] { return scrape(sink->port()).body; }, {series});
  REQUIRE(page.find(series) != std::string::npos);
  CHECK(complaints_of_promtool(page) == "");
}

TEST_CASE("a text file that cannot be written does not hold up the page at the port") {
  const TemporaryFolder folder;
  const auto listening = std::make_shared<PrometheusSink>(livecca::PrometheusOptions{.port = 0});
  Run run(folder, {listening, livecca::prometheus_textfile_sink(folder.path() / "none/run.prom")});
  for (const int epoch : {1, 2, 3}) {
    run.pass(epoch);
    check_newest([&] { return scrape(listening->port()).body; }, std::to_string(epoch));
  }
}

TEST_CASE("a port that is taken does not hold up the text file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "run.prom";
  PrometheusSink other({.port = 0});
  other.open({.name = "other", .folder = ""});
  const livecca::PrometheusOptions taken{.port = other.port()};
  Run run(folder,
          {livecca::prometheus_textfile_sink(file), std::make_shared<PrometheusSink>(taken)});
  for (const int epoch : {1, 2, 3}) {
    run.pass(epoch);
    check_newest([&] { return text_of(file); }, std::to_string(epoch));
  }
  run.finish();
  // In the words of the sink, whose name stands before them once.
  const std::string told = "\"subject\":\"prometheus\",\"message\":\"expected to listen at ";
  CHECK(text_of(folder.path() / "first" / "rows.jsonl").find(told) != std::string::npos);
}
