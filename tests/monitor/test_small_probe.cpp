#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "report_events.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::WatchedPair;

namespace {

/// A snapshot of the probe: its report, and the messages of the events that the run has.
struct OfProbe {
  SnapshotReport report;
  std::vector<std::string> small_probe;
};

OfProbe of_probe(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  WatchedPair pair([](MonitorOptions& options) { options.keep_history = false; });
  pair.observed(Stream::probe, 0, view_of(x), view_of(y)).commit();
  OfProbe result{pair.monitor.snapshot(0).wait(), {}};
  pair.monitor.finish();
  for (const auto& line : livecca_tests::read_lines(pair.rows())) {
    if (line["kind"] == "event" && line["what"] == "small_probe") {
      result.small_probe.push_back(line["message"]);
    }
  }
  return result;
}

}  // namespace

TEST_CASE("a probe that is too small for its widest layer is told, with the size that it needs") {
  const OfProbe small = of_probe(normal_matrix(100, 12, 1), normal_matrix(100, 12, 2));
  CHECK(small.small_probe ==
        std::vector<std::string>{
            "expected 120 different images, ten for each of the 12 features of fc, got 100"});
  CHECK_FALSE(has_event_saying(small.report, "small_probe", ""));
  CHECK(of_probe(normal_matrix(120, 12, 1), normal_matrix(120, 12, 2)).small_probe.empty());
}

TEST_CASE("images that come again count once: in rows, in the status and in an event") {
  const Eigen::MatrixXd x = normal_matrix(20, 4, 3).replicate(50, 1);
  const Eigen::MatrixXd y = normal_matrix(20, 4, 4).replicate(50, 1);
  const auto [report, small_probe] = of_probe(x, y);
  REQUIRE_FALSE(report.measures.empty());
  CHECK(report.measures[0].samples == 1000);
  CHECK(report.measures[0].effective_samples == 20);
  CHECK(report.measures[0].status == Status::undersampled);
  CHECK(has_event_saying(report, "repeated_images", "got 1000 of which about 20 differ"));
  REQUIRE(small_probe.size() == 1);
  CHECK(small_probe[0].starts_with("expected 40 different images"));
}
