#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/network.hpp"

namespace livecca::libtorch {

/// Runs the forward pass of a training step, and watches it in the train stream if that is due:
///
///     const auto logits = livecca::libtorch::training_step(monitor, epoch, net, images);
///
/// `network` is the trained network: a torch::nn::ModuleHolder, a shared pointer of a module, or a
/// function of the inputs. It runs once, in the mode that it is in, with its gradients. The
/// references, if any, run on the same inputs in evaluation mode, only in watched steps. Their time
/// counts as overhead. Returns what the network returned.
///
/// Also counts the training step (Monitor::training_step()). MonitorOptions::train_schedule and
/// overhead_budget say which steps are watched. After Monitor::finish() it only runs the network.
/// Passes on what a network throws; the step is then not observed.
template <typename Trained>
auto training_step(Monitor& monitor, std::int64_t epoch, Trained&& network,
                   const at::Tensor& inputs, const std::vector<Network>& references = {});

/// The part of training_step() that does not depend on the network's type. Calls `forward` once.
LIVECCA_EXPORT void run_training_step(Monitor& monitor, std::int64_t epoch,
                                      const std::function<void()>& forward,
                                      const at::Tensor& inputs,
                                      const std::vector<Network>& references);

template <typename Trained>
auto training_step(Monitor& monitor, std::int64_t epoch, Trained&& network,
                   const at::Tensor& inputs, const std::vector<Network>& references) {
  const auto run = [&] {
    if constexpr (requires { network(inputs); }) {
      return network(inputs);
    } else {
      return network->forward(inputs);
    }
  };
  if constexpr (std::is_void_v<decltype(run())>) {
    run_training_step(monitor, epoch, run, inputs, references);
  } else {
    std::optional<decltype(run())> outputs;
    run_training_step(
        monitor, epoch, [&] { outputs.emplace(run()); }, inputs, references);
    return *std::move(outputs);
  }
}

}  // namespace livecca::libtorch
