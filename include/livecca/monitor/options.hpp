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

/// How a Monitor watches.
struct MonitorOptions {
  /// Where rows.jsonl and history/ go; created. Must not hold a run already.
  std::filesystem::path run_directory{};
  /// The run's name in its rows; empty: the folder's name.
  std::string run{};
  /// The network that is trained; every other name given to watch() is a reference.
  std::string network = "net";
  /// Bare names from the registry (see measures()). Rows carry the distance where there is one. The
  /// first is the headline: verdicts are made from it.
  std::vector<std::string> measures = {"pwcca", "mean_cca", "svcca", "linear_cka"};
  /// The share of variance that SVCCA keeps, (0, 1].
  double keep_variance = 0.99;
  /// α of partial_whitening, [0, 1]: 1 is angular, 0 is CCA.
  double partial_whitening_alpha = 0.5;
  /// Samples that a convolution gives per image, and a sequence whose steps are the samples.
  Positions positions = Positions::sampled(16);
  /// How rows are multiplied; rows of the run say which it was.
  Precision precision = Precision::exact;
  /// A wider tap is cut to a seeded choice of this many features; 0: never.
  std::size_t max_features = 2048;
  std::uint64_t feature_seed = 0;
  /// Bytes that the moments of a stream may take: beyond it watch() refuses, or, where a tap's
  /// shape is not known before, the tap is left out with an event "over_limit". 0: no limit.
  std::uint64_t memory_limit = std::uint64_t{4} << 30;
  /// Keep every window in this many parts (5 or more), so that numbers have standard errors. Takes
  /// as many times the memory and the solver's time, and needs as many steps a window. 0: none.
  std::size_t error_blocks = 0;

  /// What a layer is compared with in other networks.
  Pairing pairing = Pairing::by_name();
  /// Compare with the network's own kept snapshot so many before, e.g. {1}: reference "before-1".
  std::vector<std::size_t> compare_before{};

  /// What the train stream's moments remember.
  Window train_window = Window::since_snapshot();
  /// When a pass over the probe is due; see Monitor::claim_probe_pass() and begin_if_due().
  Schedule probe_schedule = Schedule::every_epochs(1);
  /// When a training step is to be observed; see Monitor::begin_if_due().
  Schedule train_schedule = Schedule::every_steps(10);
  /// When the train stream's window is to end; see Monitor::snapshot_if_due().
  Schedule train_snapshots = Schedule::never();
  /// The share of training time that the train stream may take, in [0, 1), e.g. 0.02; 0: no budget.
  /// To stay below it, begin_if_due() skips train steps that are due, and steps look at fewer
  /// images. Needs Monitor::training_step(). What is observed then depends on the clock.
  double overhead_budget = 0;

  /// Threads for accumulating and solving; 0: one less than the cores, at least one.
  int threads = 0;
  /// Steps that may wait for livecca's own thread, each with its rows (see Monitor::plan()). A
  /// train step that finds the queue full is dropped whole and counted, a probe step waits, which
  /// is counted too.
  std::size_t queue_steps = 8;
  /// Bytes of activations that may be held for livecca's thread to read, see
  /// Monitor::Step::observe_held().
  std::uint64_t held_bytes_limit = std::uint64_t{256} << 20;
  /// Accumulate and solve within commit() and snapshot(), on the caller's thread: nothing is ever
  /// dropped, and what is written does not depend on timing.
  bool synchronous = false;

  /// Keep the probe's activations of every snapshot, for the distance to the network's
  /// own start and for the final curves.
  bool keep_history = true;
  PackPrecision history_precision = PackPrecision::half;
  /// Keep only a seeded choice of this many of the probe's images; 0: all. A recorded reference is
  /// then compared over them, so it has to be of the same choice, see RecorderOptions::images.
  std::size_t history_images = 0;
  std::uint64_t history_seed = 0;
  /// Beyond this, kept snapshots are thinned out, to a log-spaced choice; the first, the latest and
  /// those that compare_before needs always stay.
  std::uint64_t history_byte_limit = std::uint64_t{4} << 30;

  VerdictOptions verdicts{};

  /// Where rows go beside rows.jsonl; examples/own_sink has one in 20 lines. Each has
  /// a thread, which calls it in order; what it throws is an event "sink_failed". A call that threw
  /// is made again after 1 s, and then after twice as long each time, up to 64 s.
  std::vector<std::shared_ptr<Sink>> sinks{};

  /// Called for the first event of each kind and subject, from a training thread or one of
  /// livecca's; must not call the monitor. What it throws is an event "callback_failed".
  std::function<void(const Event&)> on_event{};
  /// Called with every solved snapshot, from the thread that solved it, in their order. May call
  /// log() and latest(). What it throws is an event "callback_failed".
  std::function<void(const SnapshotReport&)> on_snapshot{};
  /// The run's own facts, written into the run row as they are (e.g. learning rate, data set).
  std::vector<std::pair<std::string, std::string>> notes{};

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

}  // namespace livecca
