#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/sink.hpp"
#include "sinks/sink_relay.hpp"

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
  /// See JsonlFile::take_up().
  bool take_up(const std::string& first_line);
  /// Forgets what lies beyond `size` bytes and what is later than `time`, Unix seconds: of a file
  /// that was begun anew the size tells nothing. False if it had not what it should have before.
  bool cut(std::uint64_t size, double time);

  template <typename Row>
  void write(const Row& row) {
    const std::lock_guard lock(mutex_);
    if constexpr (requires { row.epoch; }) epoch_ = row.epoch;
    write_locked(row);
  }
  /// What a file that was removed is begun anew with.
  void set_heading(const RunRow& row);

  /// Rows go to these sinks too from now on; borrowed. Events have the step of the last row, from
  /// this one.
  void set_sinks(const SinkRelays& sinks, std::uint64_t step);
  /// All rows of a snapshot, which are written already, for the sinks.
  void give_to_sinks(const std::shared_ptr<const SnapshotRows>& rows);
  /// A run row that is not written.
  void tell_sinks(const RunRow& row);

  void report(const Event& event);

  /// Writes the count of every event that came again since it was written.
  void write_event_counts();

  std::uint64_t lines_lost() const;
  /// What rows are there.
  struct Extent {
    std::uint64_t size = 0;  ///< bytes
    double last_time = 0;    ///< of the last
    std::string first_line;  ///< by which they are known
  };
  /// Of the disk, once all are there. Fails if they cannot be.
  Result<Extent> sync();
  std::vector<Event> events() const;
  /// The time of the last row.
  double last_time() const;
  /// The time that a row would have now.
  double time();
  /// Goes on counting from these events, but for those of sinks, and with no time before that.
  void restore(const std::vector<Event>& events, double last_time);

 private:
  using Key = std::pair<std::string, std::string>;

  template <typename Row>
  void write_locked(const Row& row) {
    if constexpr (requires { row.step; }) step_ = std::max(step_, row.step);
    write_line(to_json(row, run_, now()));
    give_to_sinks(row);
  }
  /// Sinks get the rows of a snapshot together.
  template <typename Row>
  void give_to_sinks(const Row&) {}
  void give_to_sinks(const RunRow& row);
  void give_to_sinks(const LogRow& row);
  void give_to_sinks(const Event& event);
  double now();
  void write_line(const std::string& line);
  void report_locked(const Event& event);
  void tell(const Event& event);

  mutable std::mutex mutex_;
  JsonlFile file_;
  std::string run_;
  Callbacks callbacks_;
  const SinkRelays* sinks_ = nullptr;
  std::int64_t epoch_ = 0;  ///< of the last row that has one
  std::uint64_t step_ = 0;  ///< the latest of all rows
  double last_time_ = 0;
  bool stepped_back_ = false;  ///< the clock did, since the last line
  bool is_failing_ = false;    ///< the row in hand is about writing
  struct Counted {
    Event event;
    std::uint64_t written;  ///< the count that stands in the rows
  };
  std::map<Key, Counted> events_;
};

}  // namespace livecca
