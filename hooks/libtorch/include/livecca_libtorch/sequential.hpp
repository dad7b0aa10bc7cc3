#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <optional>
#include <string_view>

#include "livecca/activations/reading.hpp"
#include "livecca/common/export.hpp"

namespace livecca::libtorch {

/// Runs the children of a torch::nn::Sequential one by one, as its forward() does, and taps the
/// output of each. The tap's name is `prefix` and the child's name ("0", "1", … for a child without
/// one). Returns the output of the last child, or `input` if there are no children.
///
/// `sequences` says how outputs of 3 axes are read. Without it they are batch × steps × features,
/// as in tap(). But a Conv1d and its relatives (BatchNorm1d, MaxPool1d, …) have channels before
/// steps. Their outputs, and those of the children after them up to a Linear, LayerNorm or
/// Embedding, are then not watched: an event "unwatchable" says so. Declare the layout:
///
///     forward_tapped(convolutions, x, "conv.", livecca::Layout::ncl);
///
/// Taps nothing inside the children. Passes outputs that are not tensors on without a tap. Throws
/// only what the modules throw. Cost and thread safety: as tap().
LIVECCA_EXPORT at::Tensor forward_tapped(torch::nn::SequentialImpl& sequential,
                                         const at::Tensor& input, std::string_view prefix = "",
                                         const std::optional<Reading>& sequences = std::nullopt);

inline at::Tensor forward_tapped(torch::nn::Sequential& sequential, const at::Tensor& input,
                                 std::string_view prefix = "",
                                 const std::optional<Reading>& sequences = std::nullopt) {
  return forward_tapped(*sequential, input, prefix, sequences);
}

}  // namespace livecca::libtorch
