#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/sinks/row_key.hpp"
#include "livecca/sinks/stream.hpp"

namespace livecca {

struct MonitorForTests;
struct TestKnobs;

/// What watch() returns and observe() takes.
struct TapHandle {
  std::size_t index = 0;
};

/// Watches a network while it trains: takes the activations of its layers, and of references' that
/// run beside it, and at every snapshot writes how far each layer is from the reference's ("seed7",
/// in lock-step on the same inputs, or a recorded pack) and from the network's own start ("start")
/// and earlier snapshots ("before-1"). finish() adds the distance of every kept snapshot to the
/// final state ("final").
///
///     livecca::Monitor monitor(options);
///     auto conv1 = monitor.watch("net", "conv1", livecca::Layout::nchw);
///     auto other = monitor.watch("seed7", "conv1", livecca::Layout::nchw);
///     for each epoch: train; for each probe batch:
///         auto step = monitor.begin(livecca::Stream::probe, epoch);
///         step.observe(conv1, view); step.observe(other, view2); step.commit();
///     auto ticket = monitor.snapshot(epoch);
///     monitor.finish();
///
/// commit() hands packed rows over and returns; accumulating and solving run on livecca's own
/// threads, unless options.synchronous is set. After construction nothing that the data or the disk
/// does throws: it is an Event, a status on the rows, and training goes on. Wrong use (an unknown
/// handle, a step after its commit) throws Error.
///
/// In a child process of fork() the monitor is inert: calls return at once, nothing is observed,
/// and the parent's files are left alone.
///
/// Thread safety: all members may be called from any thread, but finish() and the destructor, which
/// nothing may overlap. Train steps may be open on several threads at once, probe steps one at a
/// time; a step is one thread's.
class LIVECCA_EXPORT Monitor {
 public:
  class Step;

  /// Creates the run folder. Throws Error on invalid options, or if the folder holds a run already
  /// or cannot be written.
  explicit Monitor(MonitorOptions options);
  /// Goes on with a run from what save() wrote into `checkpoint`: rows and history that came after
  /// it are removed, taps need not be watched again (watch() returns them). With
  /// options.synchronous the rows are then what an uninterrupted run would have written, but for
  /// wall times and overhead. Throws Error if the checkpoint cannot be read or is of other options,
  /// or if its run folder has no rows or another run's.
  Monitor(MonitorOptions options, const std::filesystem::path& checkpoint);
  /// Waits for pending solves; does not compute the final curves.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// A tap of the trained network or of a reference, in both streams; options.pairing says which
  /// layers are paired. Returns the same handle if it is watched already with this reading; throws
  /// Error if with another, if the layout has not what the reading asks for, or if its shape is
  /// given and the moments would take more than the memory limit.
  TapHandle watch(std::string_view network, std::string_view layer, const Reading& reading,
                  std::optional<TapShape> shape = std::nullopt);

  /// Compares with a recorded pack (see Recorder, and a run's history) under that name at every
  /// snapshot of the probe. Fails if the file cannot be used; an event "reference_refused" tells
  /// the same reason. A pack of another probe is told by the fingerprint of the inputs, if
  /// Step::set_inputs() gives them, and by what is known of its rows: an event "other_probe" or
  /// "rows_differ" says what differs, and there are no numbers. A resumed run has its packs: the
  /// same name and path again change nothing. Throws Error if the name is taken, the trained
  /// network's or reserved.
  Result<void> add_reference(std::string_view name, const std::filesystem::path& pack);

  /// What steps of so many images take in one stream, in bytes and operations. Throws Error while a
  /// tap's shape is not known: neither given to watch() nor seen.
  PanelPlan plan(std::size_t images_per_step) const;

  /// Counts a training step that begins, and measures how long steps take. Schedules by steps, the
  /// `step` of rows and the overhead's share need it. Call it from one thread.
  void training_step(std::int64_t epoch);

  /// Opens a step: one batch of inputs, seen by all taps. Throws Error while another probe step is
  /// open or after finish().
  Step begin(Stream stream, std::int64_t epoch);
  /// Opens a step if options.probe_schedule or train_schedule says that one is due. A train step
  /// must also fit the overhead budget. Each point of a schedule is claimed once: one that the
  /// budget skips is gone. Throws Error as begin(), due or not.
  std::optional<Step> begin_if_due(Stream stream, std::int64_t epoch);
  /// Whether a pass over the probe is due: true once for each point of options.probe_schedule. The
  /// caller then runs the probe, in as many steps of begin() as it has batches. begin_if_due() does
  /// both for a probe of one batch, and claims from the same schedule.
  bool claim_probe_pass(std::int64_t epoch);

  /// Ends the streams' windows (of those that saw steps since the last): freezes the moments and
  /// solves them off this thread. Waits, and reports the wait, only for a place in the queue.
  /// Throws Error after finish(), or while a probe step is open.
  SnapshotTicket snapshot(std::int64_t epoch);
  /// The same of one stream: the other's window goes on, such as a pass over the probe that has not
  /// ended.
  SnapshotTicket snapshot(std::int64_t epoch, Stream stream);
  /// Ends the train stream's window, as snapshot(epoch, Stream::train), if options.train_snapshots
  /// says that it is due: once for each point. Throws Error after finish().
  std::optional<SnapshotTicket> snapshot_if_due(std::int64_t epoch);

  /// The newest row that fits the key, if there is one. Without a stream that is the probe's.
  /// Without a reference_layer it is that of the same name, or the only one that the layer is
  /// compared with.
  std::optional<MeasureRow> latest(const RowKey& key) const;

  /// A number of the user's own, e.g. log(epoch, "loss", 1.25).
  void log(std::int64_t epoch, std::string_view name, double value);
  /// The same of the epoch that was told last.
  void log(std::string_view name, double value);

  /// Writes all that a resumed run needs into a folder, to be saved with the training's own
  /// checkpoint; it is made if it is not there, and what it held of an earlier save() is replaced
  /// whole or not at all. The history stays in the run folder, and what is thinned out of it stays
  /// until neither of the last two checkpoints needs it. Probe steps since the last snapshot
  /// are not in it: that pass is to be made again. Waits for steps and solves in progress, and for
  /// the sinks, 5 s at most. Fails if it cannot be written; an event "checkpoint_failed" tells the
  /// same reason.
  Result<void> save(const std::filesystem::path& folder);

  /// Waits for pending solves, then compares every kept snapshot with the last one. Call once,
  /// when training ends; throws Error the second time, or while a probe step is open.
  SnapshotReport finish();

  const std::filesystem::path& run_directory() const;
  /// The name of the network that is trained.
  const std::string& network() const;

 private:
  friend struct MonitorForTests;
  /// `checkpoint` is null for a new run.
  Monitor(MonitorOptions options, const std::filesystem::path* checkpoint, const TestKnobs& knobs);

  struct State;
  std::unique_ptr<State> state_;
};

/// One step of a Monitor: observe each tap once, then commit. Discards itself if it is destroyed
/// uncommitted. Move-only. Must not outlive its monitor.
class LIVECCA_EXPORT Monitor::Step {
 public:
  Step(Step&&) noexcept;
  Step& operator=(Step&&) = delete;
  ~Step();

  /// Takes the inputs of a probe step; the first axis counts them. Their fingerprint tells recorded
  /// packs of the same probe from others. Elements may have any type, e.g. "int64" of 8 bytes. Call
  /// it once a step, before its commit. Does nothing in the train stream. Cost: one pass over the
  /// bytes.
  void set_inputs(const ActivationView& inputs);
  void set_inputs(const void* data, std::string_view element_type, std::size_t element_bytes,
                  std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

  /// Copies the rows that it needs at once, so an in-place operation may follow. Throws Error on an
  /// unknown handle, a tap observed twice, a mask for a layout without steps, or after commit.
  ///
  /// History keeps which rows a mask left out: a sequence is compared with the start, and in the
  /// final curves, where both times have its row. Sequences whose every step is a sample are kept
  /// only if in that snapshot no step is masked and their number does not change; otherwise the
  /// snapshot is not kept of that layer, with an event "history_failed".
  void observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask = {});
  /// The same without a copy on this thread: livecca's own reads the view soon after commit(), and
  /// then lets `memory` go, which must keep the view's memory where it is and as it is until then.
  /// `bytes` is what it keeps. Copies at once, as observe(), where more than
  /// options.held_bytes_limit would be held.
  void observe_held(TapHandle tap, const ActivationView& view, std::shared_ptr<const void> memory,
                    std::uint64_t bytes);
  /// Instead of observe(), for moments that were reduced elsewhere, on a GPU or by other workers: a
  /// window of a Panel with taps and pairs of the same names, in any order, over the same positions
  /// and features. What it does not have is lost for the window, and the probe's activations are
  /// not kept of this snapshot. Copies. Throws Error if something was observed or merged already.
  ///
  /// Moments can also be made of sums: here of `x` and `y`, two TapSums, and of their PairSums.
  ///
  ///     livecca::PanelMoments window;
  ///     window.images = 256;
  ///     window.steps_committed = 1;
  ///     window.taps.push_back({.name = {"net", "fc"}, .moments = *Moments::from_sums(x)});
  ///     window.taps.push_back({.name = {"ref", "fc"}, .moments = *Moments::from_sums(y)});
  ///     for (auto& tap : window.taps) tap.features_of_tap = tap.moments->features();
  ///     window.pairs.push_back({.x = 0, .y = 1, .moments = *CrossMoments::from_sums(of_both)});
  ///     step.merge(window);
  void merge(const PanelMoments& moments);
  /// Reports a tap that a hook could not hand to observe(), as an event "unwatchable" of that name.
  /// Does nothing after the commit.
  void report_unwatchable(std::string_view tap, std::string_view why);
  /// Adds seconds that the caller spent only to watch this train step, e.g. in a reference's
  /// forward pass, to the overhead. Probe steps are not counted, because the caller runs them
  /// anyway.
  void add_reference_time(double seconds);
  /// Adds seconds that the caller spent to reach what it observes, e.g. to copy it from a GPU. They
  /// count as observing.
  void add_observing_time(double seconds);
  /// Calls `action` first thing in commit(), on its thread; forgets it if there is no commit. For
  /// hooks that observe once a pass is over.
  void at_commit(std::function<void(Step&)> action);
  /// Hands the rows over. A train step that finds the queue full is dropped and counted.
  void commit();

 private:
  friend class Monitor;
  struct State;
  explicit Step(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace livecca
