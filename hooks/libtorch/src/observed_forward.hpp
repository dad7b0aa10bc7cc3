#pragma once

#include <ATen/core/Tensor.h>

#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/network.hpp"

namespace livecca::libtorch {

/// Runs a network in an EvaluationScope and hands what it taps to the step.
void observe_evaluation(Monitor& monitor, Monitor::Step& step, const Network& network,
                        const at::Tensor& inputs);

}  // namespace livecca::libtorch
