#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/moments/precision.hpp"
#include "livecca/moments/window.hpp"
#include "livecca/monitor/pairing.hpp"
#include "livecca/monitor/schedule.hpp"
#include "livecca/packs/pack_precision.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/sink.hpp"
#include "livecca/verdicts/verdict_options.hpp"

namespace livecca {

struct SnapshotReport;

/// The options of a Monitor.
struct MonitorOptions {
  /// The folder for rows.jsonl and history/. It is created, and must not hold a run already.
  std::filesystem::path run_directory{};
  /// The run's name in its rows; empty: the folder's name.
  std::string run{};
  /// The name of the trained network. Every other name given to watch() is a reference.
  std::string network = "net";
  /// Bare names from the registry, e.g. "pwcca"; see measures(). If a measure has a distance, rows
  /// hold that. Verdicts come from the first measure.
  std::vector<std::string> measures = {"pwcca", "mean_cca", "svcca", "linear_cka"};
  /// The share of variance that SVCCA keeps, in (0, 1].
  double keep_variance = 0.99;
  /// α of partial_whitening, in [0, 1]: 1 is angular, 0 is CCA.
  double partial_whitening_alpha = 0.5;
  /// Which positions of an image become samples. If the steps of a sequence are samples, it says
  /// which steps.
  Positions positions = Positions::sampled(16);
  /// The precision of products. The run's rows name it.
  Precision precision = Precision::exact;
  /// A wider tap is cut to this many features, chosen by feature_seed. 0: never.
  std::size_t max_features = 2048;
  std::uint64_t feature_seed = 0;
  /// The bytes that the moments of a stream may take; 0: no limit. Beyond it watch() throws Error.
  /// A tap whose shape watch() does not know is left out later, with an event "over_limit".
  std::uint64_t memory_limit = std::uint64_t{4} << 30;
  /// The most taps of all networks together. More are not watched, with one event "over_limit": a
  /// training whose names of layers change from step to step must not fill the memory.
  std::size_t most_taps = 4096;
  /// Splits every window into this many blocks (5 or more), so that numbers have standard errors.
  /// 0: no standard errors. The moments need this many times the memory, and a window needs at
  /// least this many steps. Each solve then needs 20 additional solves.
  std::size_t error_blocks = 0;

  /// The layers of other networks that a layer is compared with.
  Pairing pairing = Pairing::by_name();
  /// Compares every snapshot with earlier ones of the network itself. 1 means the kept snapshot
  /// just before it, with the reference name "before-1".
  std::vector<std::size_t> compare_before{};

  /// The samples that the train stream's moments remember.
  Window train_window = Window::since_snapshot();
  /// When a pass over the probe is due; see Monitor::claim_probe_pass() and begin_if_due().
  Schedule probe_schedule = Schedule::every_epochs(1);
  /// When a training step is to be observed; see Monitor::begin_if_due().
  Schedule train_schedule = Schedule::every_steps(10);
  /// When the train stream's window is to end; see Monitor::snapshot_if_due().
  Schedule train_snapshots = Schedule::never();
  /// The share of training time that watching the train stream may take, in [0, 1), e.g. 0.02; 0:
  /// no budget. To stay below it, begin_if_due() skips train steps that are due, and steps use
  /// fewer images. Needs Monitor::training_step(). With a budget, the clock decides which steps are
  /// observed.
  double overhead_budget = 0;

  /// The threads that accumulate and solve. 0: one less than the cores, but at least one.
  int threads = 0;
  /// The number of steps that may wait for livecca's own thread, each with its rows (see
  /// Monitor::plan()). If the queue is full, a train step is dropped whole and counted. A probe
  /// step waits, and the wait is reported.
  std::size_t queue_steps = 8;
  /// Accumulates and solves within commit() and snapshot(), on the caller's thread. Then nothing is
  /// dropped, and the rows do not depend on timing.
  bool synchronous = false;

  /// Keeps the probe's activations of every snapshot. The distances to the start, to earlier
  /// snapshots and to the final state need them.
  bool keep_history = true;
  PackPrecision history_precision = PackPrecision::half;
  /// Keeps only this many of the probe's images, chosen by history_seed; 0: all. A recorded
  /// reference must hold the same choice, see RecorderOptions::images.
  std::size_t history_images = 0;
  std::uint64_t history_seed = 0;
  /// If the kept snapshots have more bytes than this, they are thinned out. The remaining ones are
  /// log-spaced. The first, the latest and those that compare_before and verdicts need (the last
  /// five) always stay.
  std::uint64_t history_byte_limit = std::uint64_t{4} << 30;

  VerdictOptions verdicts{};

  /// Sinks that receive the rows too, beside rows.jsonl. examples/own_sink shows one in 20 lines.
  /// Each sink has a thread, which calls it in order. If a call throws, an event "sink_failed" says
  /// so, and the call is repeated after 1 s, 2 s, 4 s, … up to 64 s.
  std::vector<std::shared_ptr<Sink>> sinks{};

  /// Called for the first event of each kind and subject, and for one with another reason, in
  /// order. The calls of on_event and on_snapshot come one at a time on a thread of livecca's own,
  /// soon after what they tell, and all of them before finish() or the destructor returns. If
  /// `synchronous` is set, they come on the caller's thread, at the end of the call that caused
  /// them. They may call the monitor, but not finish() or the destructor. Events of the constructor
  /// are delivered at the first later call, so a callback may use the variable that the monitor is
  /// assigned to. If it throws, there is an event "callback_failed". If more than 4096 events wait
  /// for it, the oldest are dropped, with an event "callback_dropped".
  std::function<void(const Event&)> on_event{};
  /// Called with every solved snapshot, in order, as on_event is. If it takes longer than the
  /// snapshots need, up to 256 reports wait in memory. Beyond that the oldest are dropped, with an
  /// event "callback_dropped"; their rows are written. If it throws, there is an event
  /// "callback_failed".
  std::function<void(const SnapshotReport&)> on_snapshot{};
  /// Facts of your own about the run, e.g. learning rate or data set. They go into the run row.
  std::vector<std::pair<std::string, std::string>> notes{};

  /// Fails if the options do not make sense, and says which one.
  LIVECCA_EXPORT Result<void> check() const;
};

}  // namespace livecca
