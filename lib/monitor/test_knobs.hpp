#pragma once

#include <filesystem>
#include <functional>
#include <utility>

#include "livecca/monitor/monitor.hpp"

namespace livecca {

/// What tests change of a monitor, and its users do not.
struct TestKnobs {
  /// Unix seconds; empty: the system's clock. Rows' times never step back, whatever it says. May
  /// call log() and latest(), as rows are written under no lock that these need.
  std::function<double()> wall_clock{};
  /// Called before each solve, on the thread that solves; empty: nothing.
  std::function<void()> before_solve{};
  /// Seconds, above 0, before a sink's call that threw is made again; twice as many each time, up
  /// to 64 times as many.
  double sink_retry_seconds = 1;
};

/// Monitors with knobs. All of it is inline, so a test needs no more than a shared livecca.
struct MonitorForTests {
  static Monitor begun(MonitorOptions options, const TestKnobs& knobs) {
    return Monitor(std::move(options), nullptr, knobs);
  }
  static Monitor resumed(MonitorOptions options, const std::filesystem::path& checkpoint,
                         const TestKnobs& knobs) {
    return Monitor(std::move(options), &checkpoint, knobs);
  }
};

}  // namespace livecca
