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
  struct Cut {
    bool is_whole;              ///< the file had what it should have before
    std::size_t foreign_lines;  ///< that lay beyond, and are kept
  };
  /// Forgets the rows that lie beyond `size` bytes and those later than `time`, Unix seconds: of a
  /// file that was begun anew the size tells nothing. Lines beyond that are no rows are written
  /// again. Throws Error, and changes nothing, if the file cannot be read.
  Cut cut(std::uint64_t size, double time);

  template <typename Row>
  void write(const Row& row) {
    const std::lock_guard lock(mutex_);
    if (is_finished_) return report_locked(too_late(row));
    if constexpr (requires { row.epoch; }) epoch_ = row.epoch;
    write_locked(row);
  }
  /// Writes the last row. Rows that come later are dropped; of these and of later events the user
  /// is still told, but nothing is written.
  void finish(const Event& last);
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

  /// Writes the count of every event that came again since it was written; after finish() the user
  /// is told.
  void write_event_counts();

  std::uint64_t lines_lost() const;
  /// What rows are there.
  struct Extent {
    std::uint64_t size = 0;  ///< bytes
    double last_time = 0;    ///< of the last
    std::string first_line;  ///< by which they are known
  };
  /// Of the disk, once all are there, but for the row of finish(): a run that goes on has none yet.
  /// Fails if they cannot be.
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
    if (is_finished_) return;
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
  template <typename Row>
  Event too_late(const Row&) const {
    return too_late(std::string("rows"));
  }
  Event too_late(const LogRow& row) const { return too_late(row.name); }
  Event too_late(const std::string& what) const;
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
  bool is_finished_ = false;
  std::uint64_t last_line_bytes_ = 0;  ///< of finish()
  struct Counted {
    Event event;
    std::uint64_t written;  ///< the count that stands in the rows
  };
  std::map<Key, Counted> events_;
};

}  // namespace livecca
