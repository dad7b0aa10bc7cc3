#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// Writes the rows of a run and keeps its events: the first of each kind and subject is written and
/// told to the user, later ones are counted. What cannot be written is an event too.
///
/// Thread safety: all members may be called from any thread.
class RunWriter {
 public:
  /// Creates directory/rows.jsonl. Throws Error as JsonlFile does.
  RunWriter(const std::filesystem::path& directory, std::string run,
            std::function<void(const Event&)> on_event);

  template <typename Row>
  void write(const Row& row) {
    const std::lock_guard lock(mutex_);
    write_locked(row);
  }

  void report(const Event& event);

  /// Writes the count of every event that came more than once.
  void write_event_counts();

 private:
  template <typename Row>
  void write_locked(const Row& row) {
    write_line(to_json(row, run_, now()));
  }
  static double now();
  void write_line(const std::string& line);
  void tell(const Event& event);

  std::mutex mutex_;
  JsonlFile file_;
  std::string run_;
  std::function<void(const Event&)> on_event_;
  std::map<std::pair<std::string, std::string>, Event> events_;
};

}  // namespace livecca
