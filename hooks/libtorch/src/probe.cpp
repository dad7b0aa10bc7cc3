#include "livecca_libtorch/probe.hpp"

#include <exception>
#include <utility>

#include "dense_tensor.hpp"
#include "livecca/common/error.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "observed_forward.hpp"

namespace livecca::libtorch {

Probe::Probe(Monitor& monitor, std::vector<at::Tensor> batches)
    : monitor_(monitor), batches_(std::move(batches)) {
  if (batches_.empty()) throw Error("probe: expected a batch of inputs, got none");
}

void Probe::observe(std::int64_t epoch, const std::vector<Network>& networks) {
  for (const at::Tensor& batch : batches_) {
    Monitor::Step step = monitor_.begin(Stream::probe, epoch);
    set_inputs(step, batch);
    for (const Network& network : networks) observe_evaluation(monitor_, step, network, batch);
    step.commit();
  }
}

SnapshotTicket Probe::run(std::int64_t epoch, const std::vector<Network>& networks) {
  try {
    observe(epoch, networks);
  } catch (const std::exception& problem) {
    monitor_.discard_probe_pass(epoch, first_line(problem));
    throw;
  } catch (...) {
    monitor_.discard_probe_pass(epoch, "unknown");
    throw;
  }
  return monitor_.snapshot(epoch);
}

std::optional<SnapshotTicket> Probe::run_if_due(std::int64_t epoch,
                                                const std::vector<Network>& networks) {
  if (!monitor_.claim_probe_pass(epoch)) return std::nullopt;
  return run(epoch, networks);
}

Result<std::vector<TapProblem>> Probe::record(const std::filesystem::path& path,
                                              const Network& network,
                                              const std::optional<RecorderOptions>& given) const {
  RecorderOptions options = given ? *given : monitor_.recorder_options(network.name());
  options.network = network.name();
  return libtorch::record(
      path, network.module(), batches_, [&](const at::Tensor& inputs) { network.forward(inputs); },
      options);
}

}  // namespace livecca::libtorch
