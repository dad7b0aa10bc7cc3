#pragma once

#include <ATen/core/Tensor.h>

#include "livecca/common/export.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/packs/recorder.hpp"

namespace livecca::libtorch {

/// Tells a probe step which inputs it sees. `inputs` is the batch that the networks take. The first
/// axis counts the inputs. Every element type is allowed (images, token ids). The fingerprint of
/// the inputs tells recorded packs of the same probe from others. Call it once per step. Does
/// nothing in the train stream.
///
/// Throws Error only if the step is used wrongly. A tensor that cannot be read is an event of the
/// run. Cost: one pass over the bytes, and a copy if the tensor is on another device.
LIVECCA_EXPORT void set_inputs(Monitor::Step& step, const at::Tensor& inputs);

/// Tells a recorder the inputs of the batch that it records. Throws Error if the tensor cannot be
/// read.
LIVECCA_EXPORT void set_inputs(Recorder& recorder, const at::Tensor& inputs);

}  // namespace livecca::libtorch
