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
#include "livecca/activations/gathered_rows.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/packs/recorder.hpp"
#include "livecca/sinks/row_key.hpp"
#include "livecca/sinks/stream.hpp"

namespace livecca {

struct MonitorForTests;
struct TestKnobs;

/// Stands for a tap: watch() returns it, observe() takes it.
struct TapHandle {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  std::size_t index = 0;
  /// False if options.most_taps forbade another tap. Observing it does nothing then.
  bool is_watched() const { return index != none; }
};

/// Watches a network while it trains. It takes the activations of the network's layers and of
/// references that run beside it. At every snapshot it writes how far each layer is from
///
/// - the layer of a reference, e.g. "seed7": a network on the same inputs, or a recorded pack,
/// - the network's own start, "start",
/// - the network's own earlier snapshots, e.g. "before-1".
///
/// finish() adds the distance of every kept snapshot to the final state, "final".
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
/// commit() hands the packed rows over and returns. livecca's own threads accumulate and solve,
/// unless options.synchronous is set. After construction, bad data and disk errors never throw:
/// they become an Event or a status on the rows, and training goes on. Wrong use (an unknown
/// handle, a step after its commit) throws Error.
///
/// If memory runs out, numbers are lost, and training and the run go on: an event "out_of_memory",
/// "step_discarded", "window_dropped" or "solve_failed" says what is lost. Only the constructors,
/// watch(), add_reference(), plan() and latest() throw std::bad_alloc; save() fails. Writing a
/// checkpoint is the exception: the library for JSON may end the process if memory runs out in it.
///
/// In a child process of fork() the monitor does nothing: calls return at once, and the parent's
/// files are not touched.
///
/// Thread safety: all members may be called from any thread. finish() and the destructor must not
/// overlap with any other call. Several threads may have train steps open at once; only one probe
/// step may be open at a time. One step belongs to one thread.
class LIVECCA_EXPORT Monitor {
 public:
  class Step;

  /// Begins a run and creates its folder. Throws Error on invalid options, or if the folder already
  /// holds a run or cannot be written.
  explicit Monitor(MonitorOptions options);
  /// Goes on with a run from a checkpoint that save() wrote. Removes rows and history that came
  /// after the checkpoint. Its taps are watched already; watch() returns their handles. With
  /// options.synchronous the rows equal those of an uninterrupted run, except for wall times and
  /// overhead. Throws Error if the checkpoint cannot be read, if it was made with other options, or
  /// if the run folder has no rows or those of another run.
  Monitor(MonitorOptions options, const std::filesystem::path& checkpoint);
  /// Waits for pending solves. Does not compute the final curves; finish() does.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// Watches a layer of the trained network or of a reference, in both streams. options.pairing
  /// says which layers are compared. A layer that is already watched with this reading keeps its
  /// handle. Throws Error if the layer is already watched with another reading, or if the reading
  /// does not suit the layout. If the shape is given, it also throws if the moments would exceed
  /// the memory limit. A tap above options.most_taps is not watched, with an event "over_limit".
  TapHandle watch(std::string_view network, std::string_view layer, const Reading& reading,
                  std::optional<TapShape> shape = std::nullopt);

  /// Adds a recorded pack as a reference of this name. Every snapshot of the probe is compared with
  /// it. Recorder writes packs, and so does the history of a run.
  ///
  /// Fails if the file cannot be used; an event "reference_refused" gives the same reason. If the
  /// pack is of another probe, there are no numbers, and an event "other_probe" or "rows_differ"
  /// says what differs. livecca compares the fingerprints of the inputs, if Step::set_inputs() gave
  /// them, and the number and positions of the rows. A resumed run still has its packs; adding one
  /// again with the same path changes nothing. Throws Error if the name is in use, is the trained
  /// network's, or is reserved ("start", "final", "before-…").
  Result<void> add_reference(std::string_view name, const std::filesystem::path& pack);

  /// The memory and the operations that one stream needs if each step has this many images. Throws
  /// Error while the shape of a tap is unknown: watch() did not get it, and no view of it came yet.
  PanelPlan plan(std::size_t images_per_step) const;

  /// Call it when a training step begins. It counts the steps and measures how long they take. It
  /// is needed for schedules by steps, for the `step` of rows and for the share of the overhead.
  /// Call it from one thread.
  void training_step(std::int64_t epoch);

  /// Opens a step: one batch of inputs, seen by all taps. Throws Error while another probe step is
  /// open or after finish().
  Step begin(Stream stream, std::int64_t epoch);
  /// Opens a step if one is due: once for each point of options.probe_schedule or train_schedule. A
  /// train step must also fit the overhead budget; a point that the budget skips does not come
  /// again. Returns nothing after finish(). Throws Error while another probe step is open, even if
  /// nothing is due.
  [[nodiscard]] std::optional<Step> begin_if_due(Stream stream, std::int64_t epoch);
  /// Returns true once for each point of options.probe_schedule. The caller then runs the probe,
  /// with one begin() per batch. For a probe of one batch, call begin_if_due() instead, never both:
  /// each point of the schedule comes once. Returns false after finish().
  [[nodiscard]] bool claim_probe_pass(std::int64_t epoch);

  /// Drops the probe steps since the last snapshot, as if they had not been made: call it if a pass
  /// over the probe fails halfway. Writes an event "step_discarded" with this reason. The next pass
  /// begins anew. Does nothing after finish(). Throws Error while a probe step is open.
  void discard_probe_pass(std::int64_t epoch, std::string_view why);

  /// Ends a stream's window if the stream had steps since its last snapshot. Freezes the moments;
  /// another thread solves them. Waits only for a place in the queue, and reports that wait. Throws
  /// Error after finish(), or while a probe step is open.
  SnapshotTicket snapshot(std::int64_t epoch);
  /// Ends the window of one stream only. The window of the other stream goes on. The other stream
  /// may be in the middle of a pass over the probe.
  SnapshotTicket snapshot(std::int64_t epoch, Stream stream);
  /// Calls snapshot(epoch, Stream::train) if it is due: once for each point of
  /// options.train_snapshots. Returns nothing after finish().
  std::optional<SnapshotTicket> snapshot_if_due(std::int64_t epoch);

  /// The newest row with this key, if there is one. A key without a stream means the probe. A key
  /// without a reference_layer means the reference's layer of the same name, or else the only layer
  /// that this one is compared with.
  std::optional<MeasureRow> latest(const RowKey& key) const;

  /// Writes a number of your own, e.g. log(epoch, "loss", 1.25). Two alarms look at the one named
  /// "loss", verdicts at "learning_rate": see docs/verdicts.md. After finish() it is dropped, and
  /// options.on_event is told.
  void log(std::int64_t epoch, std::string_view name, double value);
  /// The same, for the last epoch given to training_step(), begin_if_due(), claim_probe_pass() or
  /// snapshot_if_due().
  void log(std::string_view name, double value);

  /// Writes all that a resumed run needs into a folder. Save it beside the training's own
  /// checkpoint. Creates the folder if needed. If the folder holds an earlier checkpoint, it is
  /// replaced completely or not at all.
  ///
  /// The history stays in the run folder. A snapshot that is thinned out stays on disk as long as
  /// one of the last two checkpoints needs it. Probe steps since the last snapshot are not saved,
  /// so the resumed run must make that pass again.
  ///
  /// Waits for steps and solves in progress, and at most 5 s for the sinks. Fails if the checkpoint
  /// cannot be written; an event "checkpoint_failed" gives the same reason.
  Result<void> save(const std::filesystem::path& folder);

  /// Waits for pending solves, then compares every kept snapshot with the last one. Call it once,
  /// when training ends. Throws Error the second time, or while a probe step is open.
  SnapshotReport finish();

  const std::filesystem::path& run_directory() const;
  /// How another network must be recorded so that its pack can be compared with this run: with the
  /// same positions, features and choice of images.
  RecorderOptions recorder_options(std::string network) const;
  /// The name of the trained network.
  const std::string& network() const;
  /// Whether this process is a child of fork() of the one that made the monitor, which then does
  /// nothing.
  bool is_forked() const;

 private:
  friend struct MonitorForTests;
  /// `checkpoint` is null for a new run.
  Monitor(MonitorOptions options, const std::filesystem::path* checkpoint, const TestKnobs& knobs);

  struct State;
  std::unique_ptr<State> state_;
};

/// One step of a Monitor: observe each tap once, then commit. A step that is destroyed without a
/// commit is discarded. Move-only. Must not outlive its monitor.
class LIVECCA_EXPORT Monitor::Step {
 public:
  Step(Step&&) noexcept;
  Step& operator=(Step&&) = delete;
  ~Step();

  /// Takes the inputs of a probe step. The length of the first axis is the number of inputs.
  /// livecca makes a fingerprint of them, to know whether a recorded pack is of the same probe.
  /// Elements may have any type, e.g. "int64" of 8 bytes. Call it once per step, before the commit.
  /// Does nothing in the train stream. Cost: one pass over the bytes.
  void set_inputs(const ActivationView& inputs);
  void set_inputs(const void* data, std::string_view element_type, std::size_t element_bytes,
                  std::span<const std::int64_t> shape, std::span<const std::int64_t> strides);

  /// Tells whether a network runs in training mode in this step; the latest call counts. Without
  /// it, the trained network counts as in training mode in the train stream, and every other pass
  /// as one in evaluation mode. Rows say it (`modes`); training mode in a probe step is an event
  /// "training_mode", because dropout and batch statistics change the numbers.
  void set_training_mode(std::string_view network, bool is_training);

  /// Observes a tap. The rows that it needs are copied before it returns. So an in-place operation
  /// may follow. Throws Error on an unknown handle, a tap observed twice, a mask for a layout
  /// without steps, or after commit.
  ///
  /// The history remembers which rows a mask left out. Comparisons over time use the rows that both
  /// times have: the same sequence, and the same step if every step is a sample.
  void observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask = {});
  /// The same of rows that a hook gathered where the activation lies, e.g. in a GPU's memory, so
  /// that the others need not travel: those that choice() says. Other rows are refused.
  void observe(TapHandle tap, const GatheredRows& rows, const SequenceMask& mask = {});
  /// Which rows of its taps this step takes.
  RowChoice choice() const;
  /// Takes moments that were computed elsewhere, on a GPU or by other workers, instead of
  /// activations. The taps and pairs of `moments` must have the same names as the monitor's, in any
  /// order, and be over the same positions and features. If `moments` lacks a tap or pair, it is
  /// missing for this window. The history does not keep this snapshot. Copies. Throws Error if this
  /// step has already observed or merged something.
  ///
  /// Moments can be made from sums. Here `x` and `y` are two TapSums, and `of_both` is their
  /// PairSums.
  ///
  ///     const auto net = livecca::Moments::from_sums(x);
  ///     const auto ref = livecca::Moments::from_sums(y);
  ///     const auto both = livecca::CrossMoments::from_sums(of_both);
  ///     if (net && ref && both) {  // otherwise why() says what is wrong
  ///       livecca::PanelMoments window{.images = 256, .steps_committed = 1};
  ///       window.taps.push_back({.name = {"net", "fc"}, .moments = *net});
  ///       window.taps.push_back({.name = {"ref", "fc"}, .moments = *ref});
  ///       for (auto& tap : window.taps) tap.features_of_tap = tap.moments->features();
  ///       window.pairs.push_back({.x = 0, .y = 1, .moments = *both});
  ///       step.merge(window);
  ///     }
  void merge(const PanelMoments& moments);
  /// Reports a tap that a hook could not hand to observe(). This is an event "unwatchable" with the
  /// subject `tap` and the message `why`. Does nothing after the commit.
  void report_unwatchable(std::string_view tap, std::string_view why);
  /// Adds time to the overhead: the seconds that the caller spent only to watch this train step,
  /// e.g. in a reference's forward pass. The time of probe steps is not counted, because the caller
  /// runs them anyway.
  void add_reference_time(double seconds);
  /// Adds the seconds that the caller spent to get the activations, e.g. to copy them from a GPU.
  /// This time counts as observing.
  void add_observing_time(double seconds);
  /// Hands the rows over. A train step that finds the queue full is dropped and counted.
  void commit();

 private:
  friend class Monitor;
  struct State;
  /// Without a state it is a step that found no memory to begin: it does nothing.
  explicit Step(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  bool is_lost_ = false;
};

}  // namespace livecca
