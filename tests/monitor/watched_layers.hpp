#pragma once

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

/// A monitor of two layers against a reference; layer "a" is what the tests break.
struct WatchedLayers {
  TemporaryFolder folder;
  std::vector<livecca::Event> told;
  livecca::Monitor monitor{options()};
  livecca::TapHandle net_a = monitor.watch("net", "a", livecca::Layout::nc);
  livecca::TapHandle ref_a = monitor.watch("seed7", "a", livecca::Layout::nc);
  livecca::TapHandle net_b = monitor.watch("net", "b", livecca::Layout::nc);
  livecca::TapHandle ref_b = monitor.watch("seed7", "b", livecca::Layout::nc);
  Eigen::MatrixXd good = normal_matrix(100, 5, 1);

  livecca::MonitorOptions options() {
    livecca::MonitorOptions result;
    result.run_directory = folder.path() / "run";
    result.threads = 1;
    result.history_precision = livecca::PackPrecision::exact;
    result.on_event = [this](const livecca::Event& event) { told.push_back(event); };
    return result;
  }

  void step(std::int64_t number, const Eigen::MatrixXd* a, const Eigen::MatrixXd* b) {
    auto step = monitor.begin(livecca::Stream::probe, number);
    if (a != nullptr) step.observe(net_a, livecca::view_of(*a));
    step.observe(ref_a, livecca::view_of(good));
    step.observe(net_b, livecca::view_of(*b));
    step.observe(ref_b, livecca::view_of(good));
    step.commit();
  }

  livecca::SnapshotTicket epoch(std::int64_t number, const Eigen::MatrixXd* a,
                                const Eigen::MatrixXd* b) {
    step(number, a, b);
    return monitor.snapshot(number);
  }

  /// A step of more rows than any memory holds.
  void impossible_step(std::int64_t number) {
    const double value = 1;
    const std::array<std::int64_t, 2> shape{std::int64_t{1} << 60, good.cols()};
    const std::array<std::int64_t, 2> strides{0, 0};
    auto step = monitor.begin(livecca::Stream::probe, number);
    step.observe(net_a, livecca::ActivationView(&value, livecca::DType::float64, shape, strides));
    step.commit();
  }
};

/// How the number of a layer is, which has a value if its status says so.
inline livecca::Status status_of(const livecca::SnapshotReport& report, const char* layer,
                                 const char* reference) {
  const livecca::MeasureRow* row = report.find({layer, reference, "pwcca_distance"});
  REQUIRE(row != nullptr);
  CHECK(row->value.has_value() == livecca::has_value(row->status));
  return row->status;
}

}  // namespace livecca_tests
