#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace live_training {

struct NetworkOptions {
  std::int64_t width = 32;   ///< channels of the first two convolutions; the others have twice that
  bool tap_softmax = false;  ///< watch the class probabilities too
  /// Watch each convolution as means over a grid of this many cells a side, one row an image; 0:
  /// its positions are the rows.
  std::int64_t tap_grid = 0;
};

/// Four convolutions with batch norm, and a linear layer. Its forward() taps every layer after its
/// nonlinearity; where nobody listens, as in training, a tap does nothing.
class NetworkImpl : public torch::nn::Module {
 public:
  explicit NetworkImpl(const NetworkOptions& options);

  /// Images (N × 3 × 32 × 32) to logits (N × 10).
  torch::Tensor forward(const torch::Tensor& images);

 private:
  torch::Tensor convolve(std::size_t layer, const torch::Tensor& input);
  void tap_convolution(std::size_t layer, const torch::Tensor& output);

  NetworkOptions options_;
  std::array<torch::nn::Conv2d, 4> convolutions_;
  std::array<torch::nn::BatchNorm2d, 4> norms_;
  torch::nn::Linear linear_;
};
TORCH_MODULE(Network);

/// The taps of a Network, from the input upwards.
std::vector<std::string> layer_names(const NetworkOptions& options);

}  // namespace live_training
