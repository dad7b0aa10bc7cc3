#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "monitor/test_knobs.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

/// A monitor, in a folder of its own, of the layer "fc" in a network and in a reference.
struct WatchedPair {
  using Change = std::function<void(livecca::MonitorOptions&)>;

  /// Changes the options before the monitor has them.
  explicit WatchedPair(
      const Change& change = [](livecca::MonitorOptions&) {}, const livecca::TestKnobs& knobs = {})
      : options(options_in(folder.path(), change)),
        monitor(livecca::MonitorForTests::begun(options, knobs)),
        net(monitor.watch("net", "fc", livecca::Layout::nc)),
        ref(monitor.watch("ref", "fc", livecca::Layout::nc)) {}

  /// A step of both, not committed yet.
  livecca::Monitor::Step observed(livecca::Stream stream, std::int64_t epoch,
                                  const livecca::ActivationView& x,
                                  const livecca::ActivationView& y) {
    auto step = monitor.begin(stream, epoch);
    step.observe(net, x);
    step.observe(ref, y);
    return step;
  }
  void train_step(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
    observed(livecca::Stream::train, 0, livecca::view_of(x), livecca::view_of(y)).commit();
  }

  std::filesystem::path rows() const { return options.run_directory / "rows.jsonl"; }

  TemporaryFolder folder;
  livecca::MonitorOptions options;
  livecca::Monitor monitor;
  livecca::TapHandle net;
  livecca::TapHandle ref;

  static livecca::MonitorOptions options_in(const std::filesystem::path& folder,
                                            const Change& change) {
    livecca::MonitorOptions options;
    options.run_directory = folder / "run";
    options.threads = 1;
    change(options);
    return options;
  }
};

}  // namespace livecca_tests
