#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "sinks/tensorboard/event_file.hpp"

namespace livecca {

/// Makes a sink's calls safe to be made again: a call's events wait here until their files took
/// them, so that a call that failed halfway goes on where it failed.
class PendingEvents {
 public:
  /// An event at a step, or none: then the file is only begun. A file that is begun for it begins
  /// with `first_step`, see EventFile::begin(). Events of one file that come in a row are written
  /// at once.
  void add(EventFile& file, std::string_view event, double wall_time, std::int64_t first_step);

  /// Makes a call's events and writes them. If it is the call that failed last, its events are
  /// there already and are not made again. `call` tells calls apart. Throws Error if a file does.
  void run(const std::string& call, const std::function<void()>& make_events);

 private:
  struct Pending {
    EventFile* file;
    std::string records;
    double wall_time;
    std::int64_t first_step;
  };

  void write();

  std::deque<Pending> events_;
  std::string call_;
};

}  // namespace livecca
