#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/sink.hpp"
#include "sinks/line_checksum.hpp"
#include "sinks/losses.hpp"
#include "sinks/sink_relay.hpp"

namespace livecca {

/// An event of one kind and subject, as often as it came, with its latest new message.
struct CountedEvent {
  Event event;
  std::uint64_t written = 0;           ///< the count that stands in the rows; 0: it is not there
  std::vector<std::string> reasons{};  ///< messages that were told, without their digits
};

/// Writes the rows of a run and keeps its events: the first of each kind and subject is written and
/// told to the user, and so is one with a new message. Others are counted. Messages that differ in
/// numbers only are the same. What cannot be written is an event too.
///
/// Where memory runs out, a row is lost. It is counted, and an event "out_of_memory" tells it with
/// one of the next rows.
///
/// Thread safety: all members may be called from any thread.
class RunWriter {
 public:
  struct Callbacks {
    std::function<void(const Event&)> on_event;  ///< called under the writer's lock
    std::function<double()> wall_clock;  ///< Unix seconds; empty: the system's. Under no lock
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
  void write(const Row& row) noexcept {
    const ClockReading time = read_clock();
    const std::lock_guard lock(mutex_);
    if (is_finished_) return drop_too_late(row);
    if constexpr (requires { row.epoch; }) epoch_ = row.epoch;
    write_locked(row, stamp(time));
    tell_losses();
  }
  /// What is written from now on belongs to the end of the run. A run that goes on from a
  /// checkpoint of later has none of it yet.
  void begin_end() noexcept;
  /// Writes the last row. Rows that come later are dropped; of these and of later events the user
  /// is still told, but nothing is written.
  void finish(const Event& last);
  /// What a file that was removed is begun anew with.
  void set_heading(const RunRow& row);

  /// Rows go to these sinks too from now on; borrowed. Events have the step of the last row, from
  /// this one.
  void set_sinks(const SinkRelays& sinks, std::uint64_t step);
  /// All rows of a snapshot, which are written already, for the sinks.
  void give_to_sinks(const std::shared_ptr<const SnapshotRows>& rows) noexcept;
  /// A run row that is not written.
  void tell_sinks(const RunRow& row);

  void report(const Event& event) noexcept;
  /// Reports what make_event() returns. If memory runs out in it, the loss of an event is told.
  template <typename MakeEvent>
  void tell(const MakeEvent& make_event) noexcept {
    try {
      report(make_event());
    } catch (...) {
      losses_.count(Loss::event);
    }
  }
  /// Counts what was lost for want of memory. A later row brings the event; takes no lock.
  void lose(Loss loss) noexcept { losses_.count(loss); }

  /// Writes every event that is not written yet, and the count of every one that came again since
  /// it was written; after finish() only the user is told.
  void write_event_counts() noexcept;

  std::uint64_t lines_lost() const;
  /// What rows are there.
  struct Extent {
    std::uint64_t size = 0;  ///< bytes
    double last_time = 0;    ///< of the last
    std::string first_line;  ///< by which they are known
    std::vector<CountedEvent> events;
  };
  /// Waits until the disk has all rows. Returns what there is, without the rows since begin_end().
  /// Fails if the disk does not take them.
  Result<Extent> sync();
  std::vector<Event> events() const;
  /// The time of the last row.
  double last_time() const;
  /// The time that a row would have now.
  double time();
  /// Goes on counting from these events, but for those of sinks, and with no time before that.
  void restore(const std::vector<CountedEvent>& events, double last_time);

 private:
  using Key = std::pair<std::string, std::string>;

  /// A reading of the clock, and the time of the last row before it.
  struct ClockReading {
    double time = 0;
    double before = 0;
  };

  /// If memory runs out, the row is counted as lost.
  template <typename Row>
  bool write_locked(const Row& row, double time) noexcept {
    if (is_finished_) return true;
    if constexpr (requires { row.step; }) step_ = std::max(step_, row.step);
    try {
      write_line(with_checksum(to_json(row, run_, time)));
    } catch (...) {
      losses_.count(Loss::line);
      ++lines_lost_;
      return false;
    }
    try {
      give_to_sinks(row);
    } catch (...) {
      losses_.count(Loss::sink_call);
    }
    return true;
  }
  /// Sinks get the rows of a snapshot together.
  template <typename Row>
  void give_to_sinks(const Row&) {}
  void give_to_sinks(const RunRow& row);
  void give_to_sinks(const LogRow& row);
  void give_to_sinks(const Event& event);
  template <typename Row>
  void drop_too_late(const Row& row) noexcept {
    try {
      report_locked(too_late(row));
    } catch (...) {
      losses_.count(Loss::event);
    }
  }
  template <typename Row>
  Event too_late(const Row&) const {
    return too_late(std::string("rows"));
  }
  Event too_late(const LogRow& row) const { return too_late(row.name); }
  Event too_late(const std::string& what) const;
  /// Reads the clock. Call it without the lock, because the clock may be the user's function.
  ClockReading read_clock() const noexcept;
  /// The time of a row: the reading's, unless a later one was used already.
  double stamp(const ClockReading& reading) noexcept;
  void write_line(const std::string& line);
  /// Throws std::bad_alloc before anything is changed, and otherwise never.
  void report_locked(const Event& event);
  void tell_losses() noexcept;

  mutable std::mutex mutex_;
  JsonlFile file_;
  std::string run_;
  Callbacks callbacks_;
  const SinkRelays* sinks_ = nullptr;
  std::int64_t epoch_ = 0;  ///< of the last row that has one
  std::uint64_t step_ = 0;  ///< the latest of all rows
  std::atomic<double> last_time_{0};
  bool stepped_back_ = false;  ///< the clock did, since the last line
  bool is_failing_ = false;    ///< the row in hand is about writing
  bool is_finished_ = false;
  /// The extent at begin_end().
  struct BeforeEnd {
    std::uint64_t size = 0;  ///< bytes
    double last_time = 0;
    std::vector<CountedEvent> events;
  };
  std::optional<BeforeEnd> before_end_;
  /// Events of further subjects are counted under "others", because subjects may never end.
  static constexpr std::size_t most_subjects = 4096;

  /// Further messages of a kind and subject are counted only, because they may never end.
  static constexpr std::size_t most_reasons = 8;

  /// Counts an event of this kind and subject. Returns whether its message is new. Throws
  /// std::bad_alloc before anything is changed.
  static bool count_again(CountedEvent& counted, const Event& event, std::string reason);
  std::vector<CountedEvent> counted_events() const;
  void write_event(CountedEvent& counted) noexcept;
  void call_on_event(const Event& event) noexcept;

  Losses losses_;
  std::uint64_t lines_lost_ = 0;  ///< for want of memory
  std::map<Key, CountedEvent> events_;
};

}  // namespace livecca
