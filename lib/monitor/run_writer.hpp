#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
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
  struct Callbacks {
    std::function<void(const Event&)> on_event;
    std::function<double()> wall_clock;  ///< Unix seconds; empty: the system's
  };

  /// Creates directory/rows.jsonl, or opens one that is there, to be gone on with once cut() was
  /// called. Throws Error as JsonlFile does.
  RunWriter(const std::filesystem::path& directory, std::string run, Callbacks callbacks,
            bool is_new);
  /// See JsonlFile::cut().
  void cut(std::uint64_t size);

  template <typename Row>
  void write(const Row& row) {
    const std::lock_guard lock(mutex_);
    if constexpr (requires { row.epoch; }) epoch_ = row.epoch;
    write_locked(row);
  }
  /// What a file that was removed is begun anew with.
  void set_heading(const RunRow& row);

  void report(const Event& event);

  /// Writes the count of every event that came more than once.
  void write_event_counts();

  std::uint64_t lines_lost() const;
  /// Bytes of rows so far.
  std::uint64_t size() const;
  /// Bytes of rows on the disk, once all are there; empty, with the reason, if they cannot be.
  std::optional<std::uint64_t> synced_size(std::string& why);
  std::vector<Event> events() const;
  /// The time of the last row.
  double last_time() const;
  /// Goes on counting from these events, and with no time before that.
  void restore(const std::vector<Event>& events, double last_time);

 private:
  using Key = std::pair<std::string, std::string>;

  template <typename Row>
  void write_locked(const Row& row) {
    write_line(to_json(row, run_, now()));
  }
  double now();
  void write_line(const std::string& line);
  void report_locked(const Event& event);
  void tell(const Event& event);

  mutable std::mutex mutex_;
  JsonlFile file_;
  std::string run_;
  Callbacks callbacks_;
  std::int64_t epoch_ = 0;  ///< of the last row that has one
  double last_time_ = 0;
  bool stepped_back_ = false;  ///< the clock did, since the last line
  bool is_failing_ = false;    ///< the row in hand is about writing
  std::map<Key, Event> events_;
};

}  // namespace livecca
