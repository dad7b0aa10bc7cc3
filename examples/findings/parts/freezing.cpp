#include "freezing.hpp"

#include <array>
#include <utility>

namespace findings {
namespace {

/// How often each layer uses its weights on one image: once for each position of its output. See
/// NetworkImpl::forward().
constexpr std::array<std::int64_t, 5> positions = {32 * 32, 16 * 16, 8 * 8, 8 * 8, 1};

std::string norm_of(const std::string& convolution) {
  return "norm" + convolution.substr(convolution.size() - 1);
}

}  // namespace

LayersFromBelow::LayersFromBelow(live_training::Network network)
    : network_(std::move(network)), layers_(live_training::layer_names({})) {}

std::string LayersFromBelow::next() const {
  return frozen_ + 1 < layers_.size() ? layers_[frozen_] : std::string();
}

void LayersFromBelow::freeze_next() {
  const auto modules = network_->named_children();
  for (const std::string& name : {next(), norm_of(next())}) {
    for (torch::Tensor& parameter : modules[name]->parameters()) {
      parameter.set_requires_grad(false);
      // With a gradient, even of zeros, momentum and weight decay would go on.
      parameter.mutable_grad().reset();
    }
  }
  ++frozen_;
}

void LayersFromBelow::hold() {
  const auto modules = network_->named_children();
  for (std::size_t layer = 0; layer < frozen_; ++layer) modules[norm_of(layers_[layer])]->eval();
}

std::int64_t LayersFromBelow::backward_multiply_adds() const {
  const auto parameters = network_->named_parameters();
  std::int64_t sum = 0;
  for (std::size_t layer = frozen_; layer < layers_.size(); ++layer) {
    const std::int64_t forward = parameters[layers_[layer] + ".weight"].numel() * positions[layer];
    sum += layer == frozen_ ? forward : 2 * forward;
  }
  return sum;
}

}  // namespace findings
