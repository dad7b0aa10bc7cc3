#include <doctest/doctest.h>

#include <Eigen/Dense>

#include "report_events.hpp"
#include "support/random_data.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::WatchedPair;

namespace {

/// The report of a snapshot of the probe.
SnapshotReport of_probe(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  WatchedPair pair([](MonitorOptions& options) { options.keep_history = false; });
  pair.observed(Stream::probe, 0, view_of(x), view_of(y)).commit();
  return pair.monitor.snapshot(0).wait();
}

}  // namespace

TEST_CASE("a probe that is too small for its widest layer is told, with the size that it needs") {
  const SnapshotReport small = of_probe(normal_matrix(100, 12, 1), normal_matrix(100, 12, 2));
  CHECK(has_event_saying(small, "small_probe",
                         "expected 120 different images, ten for each of the 12 features of fc, got "
                         "100"));
  const SnapshotReport enough = of_probe(normal_matrix(120, 12, 1), normal_matrix(120, 12, 2));
  CHECK_FALSE(has_event_saying(enough, "small_probe", ""));
}

TEST_CASE("images that come again count once: in rows, in the status and in an event") {
  const Eigen::MatrixXd x = normal_matrix(20, 4, 3).replicate(50, 1);
  const Eigen::MatrixXd y = normal_matrix(20, 4, 4).replicate(50, 1);
  const SnapshotReport report = of_probe(x, y);
  REQUIRE_FALSE(report.measures.empty());
  CHECK(report.measures[0].samples == 1000);
  CHECK(report.measures[0].effective_samples == 20);
  CHECK(report.measures[0].status == Status::undersampled);
  CHECK(has_event_saying(report, "repeated_images", "got 1000 of which about 20 differ"));
  CHECK(has_event_saying(report, "small_probe", "expected 40 different images"));
}
