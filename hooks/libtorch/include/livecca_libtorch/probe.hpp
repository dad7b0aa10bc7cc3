#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/network.hpp"
#include "livecca_libtorch/record.hpp"

namespace livecca::libtorch {

/// A fixed set of inputs, in batches, over which a monitor compares networks:
///
///     livecca::libtorch::Probe probe(monitor, test_images.slice(0, 0, 2000).split(250));
///     …
///     probe.run(epoch, {{"net", net}, {"seed7", other}});
///
/// Every epoch sees the same inputs in the same order. The tensors are shared with the caller, who
/// must not change them. They must be on the device of the networks. The monitor is borrowed.
/// Thread safety: that of the networks; one pass at a time.
class LIVECCA_EXPORT Probe {
 public:
  /// Throws Error if there is no batch.
  Probe(Monitor& monitor, std::vector<at::Tensor> batches);

  /// Runs each network over all batches and takes a snapshot, which is solved beside training.
  /// Every network runs in an EvaluationScope: in evaluation mode, without gradients, and is left
  /// as it was. A forward() that calls train() all the same is an event "training_mode", and its
  /// rows say "train". Each batch is one step of the probe stream, and its inputs are told
  /// (set_inputs()). What cannot be watched is an event of the run.
  ///
  /// Ends the windows of both streams, as Monitor::snapshot(). Throws Error after
  /// Monitor::finish(), and passes on what a network throws. Then the whole pass is dropped, with
  /// an event "step_discarded"; the next call begins anew.
  SnapshotTicket run(std::int64_t epoch, const std::vector<Network>& networks);
  /// The same once for each point of MonitorOptions::probe_schedule; otherwise does nothing. A pass
  /// that throws has used its point.
  std::optional<SnapshotTicket> run_if_due(std::int64_t epoch,
                                           const std::vector<Network>& networks);

  /// Records a network over the same inputs, in a pack of its name: see
  /// livecca::libtorch::record(). Without options, as the monitor needs it to compare the pack with
  /// its run: Monitor::recorder_options().
  Result<std::vector<TapProblem>> record(
      const std::filesystem::path& path, const Network& network,
      const std::optional<RecorderOptions>& options = std::nullopt) const;

  const std::vector<at::Tensor>& batches() const { return batches_; }

 private:
  void observe(std::int64_t epoch, const std::vector<Network>& networks);

  Monitor& monitor_;
  std::vector<at::Tensor> batches_;
};

}  // namespace livecca::libtorch
