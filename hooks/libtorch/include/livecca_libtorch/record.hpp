#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/recorder.hpp"
#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {

/// Runs a network on a batch of inputs; what it taps on the way is recorded, not what it returns.
using Forward = std::function<at::Tensor(const at::Tensor& inputs)>;

/// Records what a network's layers give on a probe into a pack that other networks can be compared
/// with later (Monitor::add_reference), without this one at hand:
///
///     const auto recorded = livecca::libtorch::record(
///         "seed7.safetensors", *net, probe_batches,
///         [&](const at::Tensor& images) { return net->forward(images); }, {});
///     if (!recorded) std::cerr << recorded.why() << '\n';
///     else for (const auto& problem : *recorded) std::cerr << problem.message << '\n';
///
/// The network runs in an EvaluationScope, batch by batch, so it is left as it was. The inputs may
/// be of any element type; how they are cut into batches does not change the pack.
///
/// Returns the layers that could not be watched and are not in the pack, each with its reason;
/// empty if the pack holds them all. Fails if nothing was written: inputs or a layer that were not
/// seen whole, no layer at all, a file that cannot be written. Throws Error on invalid options, and
/// what `forward` throws.
///
/// Cost: the network's own passes, and a copy of the rows. Memory: O(features²) a layer, and a
/// batch.
LIVECCA_EXPORT Result<std::vector<TapProblem>> record(const std::filesystem::path& path,
                                                      torch::nn::Module& module,
                                                      const std::vector<at::Tensor>& batches,
                                                      const Forward& forward,
                                                      const RecorderOptions& options);

/// The same of batches that are made one by one: each call of `next_batch` gives the next, and an
/// undefined tensor ends the probe. It runs outside the evaluation scope and may throw.
LIVECCA_EXPORT Result<std::vector<TapProblem>> record(const std::filesystem::path& path,
                                                      torch::nn::Module& module,
                                                      const std::function<at::Tensor()>& next_batch,
                                                      const Forward& forward,
                                                      const RecorderOptions& options);

}  // namespace livecca::libtorch
