#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <string_view>

#include "livecca/common/export.hpp"

namespace livecca::libtorch {

/// Runs the children of a torch::nn::Sequential one by one, as its forward() does, and taps what
/// each returns under `prefix` and the child's name ("0", "1", … where it was given none). Returns
/// the last child's output.
///
/// Only the children's own outputs are tapped, not what goes on inside them. Outputs that are not
/// tensors are passed on untapped. An empty Sequential returns `input`. Throws what the modules
/// throw; tapping adds nothing to that. Cost and threads: those of tap().
LIVECCA_EXPORT at::Tensor forward_tapped(torch::nn::SequentialImpl& sequential,
                                         const at::Tensor& input, std::string_view prefix = "");

inline at::Tensor forward_tapped(torch::nn::Sequential& sequential, const at::Tensor& input,
                                 std::string_view prefix = "") {
  return forward_tapped(*sequential, input, prefix);
}

}  // namespace livecca::libtorch
