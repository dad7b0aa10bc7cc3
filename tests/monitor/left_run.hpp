#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "livecca/common/error.hpp"
#include "livecca/monitor/monitor.hpp"
#include "scripted_training.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {

/// A run that was left after it saved.
class LeftRun {
 public:
  explicit LeftRun(int steps = 15) : options(ScriptedTraining::options_in(folder_.path())) {
    livecca::Monitor monitor(options);
    ScriptedTraining(monitor).play(0, steps);
    REQUIRE(monitor.save(checkpoint()));
  }

  std::filesystem::path checkpoint() const { return folder_.path() / "checkpoint"; }
  std::filesystem::path facts() const { return checkpoint() / "monitor.json"; }
  std::filesystem::path moments() const {
    for (const auto& entry : std::filesystem::directory_iterator(checkpoint())) {
      if (entry.path().extension() == ".moments") return entry.path();
    }
    return {};
  }

  /// What the constructor says to it; empty if it goes on.
  std::string refusal(const livecca::MonitorOptions& with) const {
    try {
      const livecca::Monitor monitor(with, checkpoint());
      return {};
    } catch (const livecca::Error& error) {
      return error.what();
    }
  }
  std::string refusal() const { return refusal(options); }

 private:
  TemporaryFolder folder_;

 public:
  livecca::MonitorOptions options;
};

/// A reason that is one line and holds some words.
inline void check_line(const std::string& line, const std::string& holds) {
  CAPTURE(line);
  CHECK(line.find(holds) != std::string::npos);
  CHECK(line.find("expected") != std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
}

}  // namespace livecca_tests
