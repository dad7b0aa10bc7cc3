#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "sinks/tensorboard/event_file.hpp"

namespace livecca {

/// Makes a sink's calls safe to be made again: a call's events wait here until their files took
/// them, so that a call that failed halfway goes on where it failed.
class PendingEvents {
 public:
  /// An empty event only begins the file.
  void add(EventFile& file, std::string event, double wall_time) {
    events_.push_back({&file, std::move(event), wall_time});
  }

  /// Makes a call's events and writes them. If it is the call that failed last, its events are
  /// there already and are not made again. `call` tells calls apart. Throws Error if a file does.
  void run(const std::string& call, const std::function<void()>& make_events);

 private:
  struct Pending {
    EventFile* file;
    std::string event;
    double wall_time;
  };

  void write();

  std::deque<Pending> events_;
  std::string call_;
};

}  // namespace livecca
