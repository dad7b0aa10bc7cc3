#pragma once

#include <ATen/core/Tensor.h>

#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/network.hpp"

namespace livecca::libtorch {

/// Whether a module, or any within it, is in training mode. After a pass in an EvaluationScope,
/// which puts all into evaluation mode, it says whether a forward() called train().
bool is_any_training(const torch::nn::Module& module);

/// Runs a network in an EvaluationScope and hands what it taps to the step.
void observe_evaluation(Monitor& monitor, Monitor::Step& step, const Network& network,
                        const at::Tensor& inputs);

}  // namespace livecca::libtorch
