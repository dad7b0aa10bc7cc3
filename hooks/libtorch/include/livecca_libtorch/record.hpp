#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/packs/recorder.hpp"
#include "livecca_libtorch/network.hpp"
#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {

/// Records the activations of a network's layers on a probe, in a pack. Other networks can be
/// compared with the pack later (Monitor::add_reference), without the recorded network:
///
///     const auto forward = [&](const at::Tensor& images) { net->forward(images); };
///     const auto recorded =
///         livecca::libtorch::record("seed7.safetensors", *net, batches, forward, {});
///     if (!recorded) {
///       std::cerr << recorded.why() << '\n';
///     } else {
///       for (const auto& [tap, message] : *recorded) std::cerr << tap << ": " << message << '\n';
///     }
///
/// The network runs batch by batch in an EvaluationScope, which leaves it unchanged. Inputs may
/// have any element type. The pack does not depend on how the inputs are cut into batches.
///
/// Returns the tensors that could not be recorded, each layer once, with the reason; empty if there
/// are none. Such a layer is not in the pack, unless its name was tapped twice: the pack then has
/// the tensor that could be recorded, or the first of both. Fails if the pack was not written: the
/// inputs or a layer are incomplete, there is no layer, or the file cannot be written. Throws Error
/// on invalid options, and whatever `forward` throws.
///
/// Cost: the network's own passes, and a copy of the rows. Memory: O(features²) for each layer, and
/// one batch.
LIVECCA_EXPORT Result<std::vector<TapProblem>> record(const std::filesystem::path& path,
                                                      torch::nn::Module& module,
                                                      const std::vector<at::Tensor>& batches,
                                                      const Forward& forward,
                                                      const RecorderOptions& options);

/// Records batches that are made one by one. Each call of `next_batch` returns the next batch, and
/// an undefined tensor ends the probe. It is called outside the EvaluationScope and may throw.
LIVECCA_EXPORT Result<std::vector<TapProblem>> record(const std::filesystem::path& path,
                                                      torch::nn::Module& module,
                                                      const std::function<at::Tensor()>& next_batch,
                                                      const Forward& forward,
                                                      const RecorderOptions& options);

}  // namespace livecca::libtorch
