#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/packs/recorder.hpp"

namespace livecca::libtorch {

/// Runs a network on a batch of inputs; what it taps on the way is recorded, not what it returns.
using Forward = std::function<at::Tensor(const at::Tensor& inputs)>;

/// Records what a network's layers give on a probe into a pack that other networks can be compared
/// with later (Monitor::add_reference), without this one at hand:
///
///     std::string why;
///     bool done = livecca::libtorch::record("seed7.safetensors", *net, probe_batches,
///         [&](const at::Tensor& images) { return net->forward(images); }, {}, why);
///
/// The network runs in an EvaluationScope, batch by batch, so it is left as it was. The inputs may
/// be of any element type; how they are cut into batches does not change the pack.
///
/// True if the pack is written. A layer that could not be watched (see TapProblem) is not in it,
/// and `why` then names each of those and its reason; it is empty if there is none. False, with the
/// reason, if nothing was written: inputs or a layer that were not seen whole, no layer at all, a
/// file that cannot be written. Throws Error on invalid options, and what `forward` throws.
///
/// Cost: the network's own passes, and a copy of the rows. Memory: O(features²) a layer, and a
/// batch.
LIVECCA_EXPORT bool record(const std::filesystem::path& path, torch::nn::Module& module,
                           const std::vector<at::Tensor>& batches, const Forward& forward,
                           const RecorderOptions& options, std::string& why);

/// The same of batches that are made one by one: each call of `next_batch` gives the next, and an
/// undefined tensor ends the probe. It runs outside the evaluation scope and may throw.
LIVECCA_EXPORT bool record(const std::filesystem::path& path, torch::nn::Module& module,
                           const std::function<at::Tensor()>& next_batch, const Forward& forward,
                           const RecorderOptions& options, std::string& why);

}  // namespace livecca::libtorch
