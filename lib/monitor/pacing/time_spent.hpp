#pragma once

#include <chrono>

namespace livecca {

/// Seconds of a clock that does not step.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Adds the time until its destruction.
class TimeSpent {
 public:
  explicit TimeSpent(double& seconds) : seconds_(seconds), begin_(steady_seconds()) {}
  ~TimeSpent() { seconds_ += steady_seconds() - begin_; }
  TimeSpent(const TimeSpent&) = delete;
  TimeSpent& operator=(const TimeSpent&) = delete;

 private:
  double& seconds_;
  double begin_;
};

}  // namespace livecca
