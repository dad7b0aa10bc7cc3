#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/reading.hpp"
#include "livecca/activations/sequence_mask.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"

namespace livecca {

/// Which inputs a step saw. The probe is a fixed, ordered set of inputs that the networks run over
/// before each snapshot, in evaluation mode and without gradients.
enum class Stream { probe };

/// What watch() returns and observe() takes.
struct TapHandle {
  std::size_t index = 0;
};

/// Watches a network while it trains: takes the activations of its layers and of its references
/// over the probe, and at every snapshot writes how far each layer is from the same layer of each
/// reference ("seed7", lock-step on the same inputs) and of its own start ("start"). finish() adds
/// the distance of every kept snapshot to the final state ("final").
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
/// After construction nothing that the data or the disk does throws: it is an Event, a status on
/// the rows, and training goes on. Wrong use (an unknown handle, a step after its commit) throws
/// Error.
///
/// Thread safety: one thread watches, steps and snapshots; tickets may be used from any thread.
class LIVECCA_EXPORT Monitor {
 public:
  class Step;

  /// Creates the run folder. Throws Error on invalid options, or if the folder holds a run already
  /// or cannot be written.
  explicit Monitor(MonitorOptions options);
  /// Waits for pending solves; does not compute the final curves.
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// A tap of the trained network or of a reference. Layers of equal name are paired. Returns the
  /// same handle if it is watched already with this reading; throws Error if with another, if the
  /// layout has not what the reading asks for, or if its shape is given and the moments would take
  /// more than the memory limit.
  TapHandle watch(std::string_view network, std::string_view layer, const Reading& reading,
                  std::optional<TapShape> shape = std::nullopt);

  /// What probe steps of so many images take, in bytes and operations. Throws Error while a tap's
  /// shape is not known: neither given to watch() nor seen.
  PanelPlan plan(std::size_t images_per_step) const;

  /// Opens a step: one batch of inputs, seen by all taps. Throws Error while another is open or
  /// after finish().
  Step begin(Stream stream, std::int64_t epoch);

  /// Ends the probe's pass: freezes the moments and solves them off this thread. Waits, and reports
  /// the wait, while two earlier snapshots are still unsolved. Throws Error after finish().
  SnapshotTicket snapshot(std::int64_t epoch);

  /// A number of the user's own, e.g. log(epoch, "loss", 1.25).
  void log(std::int64_t epoch, std::string_view name, double value);

  /// Waits for pending solves, then compares every kept snapshot with the last one. Call once,
  /// when training ends; throws Error the second time, or while a step is open.
  SnapshotReport finish();

  const std::filesystem::path& run_directory() const;

 private:
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

  /// Copies the rows that it needs at once, so an in-place operation may follow. Throws Error on an
  /// unknown handle, a tap observed twice, a mask for a layout without steps, or after commit.
  ///
  /// History keeps which rows a mask left out: a sequence is compared with the start, and in the
  /// final curves, where both times have its row. Sequences whose every step is a sample are kept
  /// only if in that snapshot no step is masked and their number does not change; otherwise the
  /// snapshot is not kept of that layer, with an event "history_failed".
  void observe(TapHandle tap, const ActivationView& view, const SequenceMask& mask = {});
  /// What a hook could not hand to observe(), by name: written and told as an event "unwatchable".
  /// Does nothing after the commit.
  void report(std::string_view tap, std::string_view why);
  void commit();

 private:
  friend class Monitor;
  struct State;
  explicit Step(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace livecca
