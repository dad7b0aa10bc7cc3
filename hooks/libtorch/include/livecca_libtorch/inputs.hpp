#pragma once

#include <ATen/core/Tensor.h>

#include "livecca/common/export.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/packs/recorder.hpp"

namespace livecca::libtorch {

/// Tells a probe step which inputs it sees: a batch as the networks take it, first axis the inputs,
/// of any element type (images, token ids). Their fingerprint tells recorded packs of the same
/// probe from others. Once a step; does nothing in the train stream.
///
/// Never throws but on wrong use of the step: a tensor that cannot be read is an event of the run.
/// Cost: one pass over the bytes; of a tensor on another device, a copy of it.
LIVECCA_EXPORT void set_inputs(Monitor::Step& step, const at::Tensor& inputs);

/// The same of a batch that is recorded. Throws Error on a tensor that cannot be read.
LIVECCA_EXPORT void set_inputs(Recorder& recorder, const at::Tensor& inputs);

}  // namespace livecca::libtorch
