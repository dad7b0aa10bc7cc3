#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include "livecca_libtorch/tap.hpp"

namespace livecca_tests {

/// A convolution with batch norm, dropout and a linear layer, of 1 × 8 × 8 images. The middle is a
/// module of its own, so that there is one within another.
class SmallNetworkImpl : public torch::nn::Module {
 public:
  struct BlockImpl : torch::nn::Module {
    torch::nn::Conv2d convolution{torch::nn::Conv2dOptions(1, 6, 3).padding(1)};
    torch::nn::BatchNorm2d norm{6};
    torch::nn::Dropout dropout{0.4};

    BlockImpl() {
      register_module("convolution", convolution);
      register_module("norm", norm);
      register_module("dropout", dropout);
    }
    torch::Tensor forward(const torch::Tensor& images) {
      const auto hidden =
          livecca::libtorch::tap("conv", torch::relu(norm->forward(convolution->forward(images))));
      return dropout->forward(torch::max_pool2d(hidden, 2));
    }
  };
  TORCH_MODULE(Block);

  explicit SmallNetworkImpl(std::uint64_t seed) {
    torch::manual_seed(seed);
    block = register_module("block", Block());
    linear = register_module("fc", torch::nn::Linear(6 * 4 * 4, 5));
  }
  torch::Tensor forward(const torch::Tensor& images) {
    return livecca::libtorch::tap("fc", linear->forward(block->forward(images).flatten(1)));
  }

  Block block{nullptr};
  torch::nn::Linear linear{nullptr};
};
TORCH_MODULE(SmallNetwork);

/// The same images whatever the state of LibTorch's generator, which is left as it is.
inline torch::Tensor small_images(std::int64_t count, std::uint64_t seed) {
  return torch::randn({count, 1, 8, 8}, at::detail::createCPUGenerator(seed));
}

}  // namespace livecca_tests
