#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <string_view>

#include "livecca/common/export.hpp"

namespace livecca::libtorch {

/// Runs the children of a torch::nn::Sequential one by one, as its forward() does, and taps the
/// output of each. The tap's name is `prefix` and the child's name ("0", "1", … for a child without
/// one). Returns the output of the last child, or `input` if there are no children.
///
/// Taps nothing inside the children. Passes outputs that are not tensors on without a tap. Throws
/// only what the modules throw. Cost and thread safety: as tap().
LIVECCA_EXPORT at::Tensor forward_tapped(torch::nn::SequentialImpl& sequential,
                                         const at::Tensor& input, std::string_view prefix = "");

inline at::Tensor forward_tapped(torch::nn::Sequential& sequential, const at::Tensor& input,
                                 std::string_view prefix = "") {
  return forward_tapped(*sequential, input, prefix);
}

}  // namespace livecca::libtorch
