#include "network.hpp"

#include <torch/nn/functional/pooling.h>

#include "image_set.hpp"
#include "livecca_libtorch/tap.hpp"

namespace live_training {
namespace {

using livecca::libtorch::tap;

const std::array<std::string, 4> convolution_names = {"conv1", "conv2", "conv3", "conv4"};

/// 3 × 3, padded; batch norm follows, so a bias would be lost.
torch::nn::Conv2d convolution(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(false));
}

torch::Tensor halve(const torch::Tensor& images) { return torch::max_pool2d(images, 2); }

}  // namespace

NetworkImpl::NetworkImpl(const NetworkOptions& options)
    : options_(options),
      convolutions_{convolution(image_channels, options.width),
                    convolution(options.width, options.width),
                    convolution(options.width, 2 * options.width),
                    convolution(2 * options.width, 2 * options.width)},
      norms_{torch::nn::BatchNorm2d(options.width), torch::nn::BatchNorm2d(options.width),
             torch::nn::BatchNorm2d(2 * options.width), torch::nn::BatchNorm2d(2 * options.width)},
      linear_(2 * options.width * 4 * 4, static_cast<std::int64_t>(class_count)) {
  for (std::size_t layer = 0; layer < convolutions_.size(); ++layer) {
    register_module(convolution_names[layer], convolutions_[layer]);
    register_module("norm" + std::to_string(layer + 1), norms_[layer]);
  }
  register_module("fc", linear_);
}

torch::Tensor NetworkImpl::convolve(std::size_t layer, const torch::Tensor& input) {
  const torch::Tensor summed = norms_[layer]->forward(convolutions_[layer]->forward(input));
  const torch::Tensor output = torch::relu(summed);
  if (livecca::libtorch::is_tapping()) tap_convolution(layer, output);
  return output;
}

void NetworkImpl::tap_convolution(std::size_t layer, const torch::Tensor& output) {
  const std::string& name = convolution_names[layer];
  if (options_.tap_grid == 0) {
    tap(name, output);
  } else {
    tap(name, torch::adaptive_avg_pool2d(output, {options_.tap_grid, options_.tap_grid}),
        livecca::Reading::flattened(livecca::Layout::nchw));
  }
}

torch::Tensor NetworkImpl::forward(const torch::Tensor& images) {
  torch::Tensor hidden = halve(convolve(0, images));
  hidden = halve(convolve(1, hidden));
  hidden = convolve(2, hidden);
  hidden = halve(convolve(3, hidden));
  torch::Tensor logits = tap("fc", linear_->forward(hidden.flatten(1)));
  if (options_.tap_softmax && livecca::libtorch::is_tapping())
    tap("softmax", torch::softmax(logits, 1));
  return logits;
}

std::vector<std::string> layer_names(const NetworkOptions& options) {
  std::vector<std::string> names(convolution_names.begin(), convolution_names.end());
  names.emplace_back("fc");
  if (options.tap_softmax) names.emplace_back("softmax");
  return names;
}

}  // namespace live_training
