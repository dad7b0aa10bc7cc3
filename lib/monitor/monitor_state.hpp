#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/packs/probe_fingerprint.hpp"
#include "monitor/callbacks.hpp"
#include "monitor/comparison/report_event.hpp"
#include "monitor/history/history.hpp"
#include "monitor/history/reference_packs.hpp"
#include "monitor/intake/kept_reason.hpp"
#include "monitor/intake/step_buffer.hpp"
#include "monitor/intake/stream_window.hpp"
#include "monitor/intake/watched_taps.hpp"
#include "monitor/pacing/overhead.hpp"
#include "monitor/snapshot_solver.hpp"
#include "sinks/latest_rows.hpp"
#include "sinks/run_writer.hpp"
#include "sinks/sink_relay.hpp"

namespace livecca {

/// A number of the user's own that verdicts look at, beside learning_rate_name.
inline constexpr std::string_view loss_name = "loss";

/// The losses that were logged since a stream's last snapshot.
struct LoggedLoss {
  double sum = 0;
  std::uint64_t count = 0;

  void add(double loss) {
    sum += loss;
    ++count;
  }
  std::optional<double> mean() const {
    return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
  }
};

/// What the training threads know: where the streams are. Guarded by Monitor::State::front_mutex.
struct StreamFront {
  std::uint64_t begun = 0;      ///< steps since the last snapshot
  std::uint64_t discarded = 0;  ///< of those, never committed
  std::uint64_t number = 0;     ///< steps of this run
  LoggedLoss loss;
};

struct FrontState {
  std::array<StreamFront, 2> streams;
  bool probe_is_open = false;
  std::uint64_t probe_images = 0;  ///< committed since the last snapshot
  /// Train steps committed and snapshots taken: the order of rows where training_step() is never
  /// called. Not probe steps: a snapshot before training is at step 0.
  std::uint64_t counted = 0;
  std::uint64_t made = 0;  ///< calls of training_step()
  std::int64_t epoch = 0;
  std::optional<std::int64_t> snapshot_epoch;  ///< of the snapshot before
  std::uint64_t resumes = 0;
  std::optional<double> learning_rate;  ///< as it was logged last
  bool is_finished = false;
  std::string probe_failure;    ///< why a probe step never came; its window is then worth nothing
  std::string probe_discarded;  ///< why the latest pass over the probe was dropped

  /// Throw Error.
  void expect_running() const;
  void expect_no_probe_step() const;
  void expect_may_begin(Stream stream) const;

  StreamFront& of(Stream stream) { return streams[static_cast<std::size_t>(stream)]; }
  std::uint64_t step() const { return made > 0 ? made : counted; }
  /// No probe step came since the last snapshot.
  void begin_probe_pass();
};

/// A snapshot on its way, with what the training threads knew when its windows ended.
struct PendingSnapshot {
  SnapshotJob job;
  FrontState front_then;
  std::array<bool, 2> streams{};  ///< whose windows end
  std::promise<std::shared_ptr<const SnapshotReport>> promise;
};

/// The monitor's parts, and how they hang together:
///
///     training threads   Step → StepBuffer            front
///     queue              Executor, training lane
///     livecca's thread   StreamWindow, History        pipeline
///     queue              Executor, solve lane
///     livecca's thread   SnapshotSolver → RunWriter, LatestRows
///     callbacks' thread  Callbacks, of all that these report
///
/// With options.synchronous there are no queues: the caller's thread goes all the way, under
/// `pipeline`, and calls the callbacks once it holds no lock.
///
/// Memory may run out anywhere. What a training thread calls then counts a Loss and goes on; on
/// livecca's threads the window or the snapshot in hand is lost, with an event.
struct Monitor::State {
  State(MonitorOptions given, const std::filesystem::path* checkpoint, const TestKnobs& knobs);

  /// Waits for steps, solves and callbacks, and for what callbacks ask for, until all are done; if
  /// callbacks ask again and again, for some rounds of it.
  void settle() noexcept;
  /// In a child of fork() nothing may be touched: other threads' locks are taken for ever there.
  bool is_forked() const;

  // watching.cpp
  TapHandle watch(std::string_view network, std::string_view layer, const Reading& reading,
                  std::optional<TapShape> shape);
  Result<void> add_reference(const std::string& name, const std::filesystem::path& pack);
  /// Tells that a tap of this name is not watched, because there are most_taps already.
  void report_over_limit(const std::string& name) noexcept;
  void expect_reference_name(const std::string& name) const;

  // monitor.cpp
  /// The sinks are told of the run, and of all that the writer writes from now on.
  void open_sinks(bool is_resumed);
  void report_sink(const std::string& sink, const std::string& what, const std::string& why,
                   std::uint64_t count);
  bool claim(Schedule& schedule, const char* subject, std::int64_t epoch);
  /// Whether the budget lets this train step be observed. Tells it if it will not for long.
  bool can_pay_for_step(std::int64_t epoch);
  /// Asks the schedule, and where it has a predicate under no lock of the monitor.
  bool ask(Schedule& schedule, std::int64_t epoch, std::string& failure);

  PackingOptions packing() const {
    return {options.positions, options.max_features, options.feature_seed};
  }

  // step_queue.cpp
  /// A train step that was committed after finish().
  void refuse_late(std::unique_ptr<StepBuffer> buffer) noexcept;
  /// Lets a buffer be used again.
  void give_back(std::unique_ptr<StepBuffer> buffer);
  /// Runs a job on livecca's thread, behind all steps so far; waits for a place in the queue. If
  /// the queue has no memory for it, it runs here, once the queue is empty.
  void run_in_order(const std::function<void()>& job) noexcept;
  /// A step's buffer arrives on livecca's thread.
  void take_step(std::unique_ptr<StepBuffer> buffer) noexcept;
  void feed_step(StepBuffer& buffer);
  void hand_over(std::unique_ptr<StepBuffer> buffer) noexcept;
  void report_dropped(std::int64_t epoch) noexcept;
  /// A step came to nothing on the training thread: it was not committed, or failed for a reason.
  void lose_step(std::unique_ptr<StepBuffer> buffer, const std::string& reason) noexcept;
  /// Drops the pass over the probe; the next one begins anew. Throws Error.
  void discard_probe_pass(std::int64_t epoch, std::string_view why);
  /// What came of a stream since the last snapshot is worth nothing.
  void drop_window(Stream stream, std::int64_t epoch, const std::string& reason) noexcept;
  StreamWindow& window_of(Stream stream);
  void take_inputs(StepBuffer& buffer);
  // snapshot_windows.cpp
  /// Tells what the training threads knew, whose next windows begin now. Throws Error, or
  /// std::bad_alloc; nothing is ended then.
  void end_windows(std::int64_t epoch, std::array<bool, 2> streams, FrontState& then);
  /// The snapshot of windows that end now; null if there is no memory for it. Throws Error.
  std::unique_ptr<PendingSnapshot> begin_snapshot(std::int64_t epoch, std::array<bool, 2> streams);
  /// `streams` says of each stream whether its window ends.
  SnapshotTicket snapshot(std::int64_t epoch, std::array<bool, 2> streams);
  void lose_snapshot(std::array<bool, 2> streams) noexcept;
  /// A snapshot arrives on livecca's thread, behind its steps.
  void take_snapshot(std::unique_ptr<PendingSnapshot> pending) noexcept;
  void solve(std::unique_ptr<PendingSnapshot> pending) noexcept;
  /// The fingerprint of the probe, if all its inputs were told.
  std::optional<ProbeFingerprint> whole_fingerprint(std::uint64_t images, SnapshotReport& report);
  /// Freezes what there is to freeze; the job is then ready to be solved.
  void freeze(SnapshotJob& job, const FrontState& front_then, std::array<bool, 2> streams) noexcept;
  /// Does a part of that, each of which may fail by itself. Returns whether it did.
  template <typename Part>
  bool freeze_part(SnapshotJob& job, const Part& part) noexcept;
  static Event pass_discarded(std::int64_t epoch, std::string_view why);
  /// Tells in the report why no pass over the probe came, if one was dropped.
  void report_discarded_pass(const FrontState& front_then, SnapshotReport& report);
  /// The pass over the probe is not kept.
  void lose_probe(SnapshotJob& job) noexcept;
  /// Drops what the history and the fingerprint hold of the pass.
  void forget_probe_rows() noexcept;
  void take_overhead(SnapshotJob& job, const FrontState& front_then, double seconds) noexcept;
  void freeze_probe(SnapshotJob& job, const FrontState& front_then);
  /// Keeps the probe's activations, and finds what they are compared with.
  void keep_probe(SnapshotJob& job);
  void freeze_train(SnapshotJob& job, const FrontState& front_then);
  void add_earlier(SnapshotJob& job);
  SnapshotReport finish();
  void compare_with_final(SnapshotReport& report) noexcept;
  /// Tells which steps came after the last snapshot, and so are in none.
  void report_rest(SnapshotReport& report);

  // monitor_faults.cpp
  void report_to(SnapshotReport& report, const Event& event) noexcept;
  /// Tells that nobody gave the probe's inputs: at the first snapshot of the run, or at the first
  /// one of this process if the start knows its inputs.
  void report_unverified_probe(std::int64_t epoch, SnapshotReport& report);
  /// Tells which taps have another width than at the stream's snapshot before.
  void report_changed_widths(Stream stream, const EndedWindow& window, SnapshotReport& report);
  void report_discarded(Stream stream, std::uint64_t steps, SnapshotReport& report);
  /// Tells that the snapshot before was of a later epoch.
  void report_epoch_stepped_back(const FrontState& front_then, SnapshotReport& report);
  /// Tells which networks ran over the probe in training mode.
  void report_training_modes(const EndedWindow& window, SnapshotReport& report);
  void report_faults(Stream stream, const EndedWindow& window, SnapshotReport& report);
  /// Tells that a snapshot has nothing of a stream.
  void report_no_step(Stream stream, SnapshotReport& report);
  /// A recorded network of which no layer pairs.
  void report_lonely(const RecordedSide& side, SnapshotJob& job);
  void report_unpaired_references(std::int64_t epoch, SnapshotReport& report);
  /// Tells, at the first snapshot and at the end, if no layer of the trained network is watched.
  void report_silence(std::int64_t epoch, SnapshotReport& report);
  /// Tells at the first snapshot that there is nothing to compare the layers with.
  void report_no_comparison(std::int64_t epoch, SnapshotReport& report);
  RunRow run_row() const;
  void write_run_row();

  // monitor_checkpoint.cpp
  /// Never throws.
  Result<void> save(const std::filesystem::path& folder);
  /// Throws std::exception.
  Result<void> save_in_order(const std::filesystem::path& folder, std::int64_t& epoch);
  Result<void> write_checkpoint(const std::filesystem::path& folder, const FrontState& front_then,
                                const std::array<std::string, 3>& schedules);
  void restore(const std::filesystem::path& folder);
  void restore_streams(const std::filesystem::path& folder);

  MonitorOptions options;
  std::int64_t process;
  std::shared_ptr<const nlohmann::json> restored;  ///< the checkpoint, while it is being read
  Callbacks callbacks;
  RunWriter writer;
  std::mutex front_mutex;
  FrontState front;
  SinkRelays sinks;  ///< reports with the front's epoch
  WatchedTaps taps;
  StepBufferPool pool;
  std::atomic<std::uint64_t> dropped{0};  ///< train steps that nobody was told of yet
  LatestRows latest;
  Overhead overhead;
  double began = 0;

  /// Held from where the front is changed or copied for a job until the job is queued: a checkpoint
  /// comes before a snapshot in both, or after it in both. Taken before `pipeline` and front_mutex.
  std::mutex ordering;
  std::recursive_mutex asking;  ///< held while a predicate is asked, which may ask for others
  std::mutex pipeline;
  std::mutex solving;                  ///< of the solver
  std::function<void()> before_solve;  ///< for tests
  Executor executor;
  StreamWindow probe;
  std::optional<StreamWindow> train;
  History history;
  ReferencePacks packs;
  SnapshotSolver solver;
  std::optional<ProbeFingerprint> probe_inputs;  ///< of the steps taken since the last snapshot
  /// Of each stream's taps, at their last snapshot with rows.
  std::array<std::map<std::size_t, std::size_t>, 2> widths;
  std::size_t taps_in_run_row = 0;
  bool was_silence_told = false;     ///< at a snapshot
  bool was_unverified_told = false;  ///< in this process
};

struct Monitor::Step::State {
  State(Monitor::State& the_monitor, std::unique_ptr<StepBuffer> the_buffer)
      : monitor(the_monitor), buffer(std::move(the_buffer)) {}

  /// The buffer of a step that is not committed; null in a child of fork(), and of a step that
  /// found no memory to begin. Throws Error after the commit.
  static StepBuffer* expect_open(const Step& step, const char* what);
  bool is_open() const { return buffer && !monitor.is_forked(); }
  /// Throws Error on a handle that watch() never returned.
  const WatchedTap& tap_of(TapHandle handle) const;
  /// Does what may run out of memory: the step is then not handed over. Lets Error pass.
  template <typename Action>
  void attempt(const Action& action) {
    try {
      action();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& reason) {
      keep_reason(failure, reason.what());
    }
  }

  Monitor::State& monitor;
  std::unique_ptr<StepBuffer> buffer;  ///< null in a child of fork()
  std::string failure;                 ///< e.g. memory ran out: the step will not be handed over
};

}  // namespace livecca
