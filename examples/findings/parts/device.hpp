#pragma once

#include <torch/cuda.h>

namespace findings {

/// Where networks are trained: on a GPU if LibTorch has one.
inline torch::Device device() { return torch::cuda::is_available() ? torch::kCUDA : torch::kCPU; }

}  // namespace findings
