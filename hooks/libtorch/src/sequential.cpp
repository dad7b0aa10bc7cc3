#include "livecca_libtorch/sequential.hpp"

#include <torch/nn/functional/instancenorm.h>  // which 2.4's modules/instancenorm.h lacks
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/instancenorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/padding.h>
#include <torch/nn/modules/pooling.h>

#include <string>
#include <utility>

#include "dense_tensor.hpp"
#include "livecca/common/error.hpp"
#include "livecca_libtorch/tap.hpp"
#include "refused_tap.hpp"

namespace livecca::libtorch {
namespace {

template <typename... Modules>
bool is_any_of(const torch::nn::Module& module) {
  return ((dynamic_cast<const Modules*>(&module) != nullptr) || ...);
}

/// Modules whose output of 3 axes is batch × channels × length.
bool has_channels_first(const torch::nn::Module& module) {
  using namespace torch::nn;
  return is_any_of<Conv1dImpl, ConvTranspose1dImpl, BatchNorm1dImpl, InstanceNorm1dImpl,
                   GroupNormImpl, MaxPool1dImpl, MaxUnpool1dImpl, AvgPool1dImpl, LPPool1dImpl,
                   AdaptiveMaxPool1dImpl, AdaptiveAvgPool1dImpl, ReflectionPad1dImpl,
                   ReplicationPad1dImpl, ConstantPad1dImpl>(module);
}

/// Modules whose last axis is the features, whatever came in.
bool has_features_last(const torch::nn::Module& module) {
  using namespace torch::nn;
  return is_any_of<LinearImpl, BilinearImpl, LayerNormImpl, EmbeddingImpl>(module);
}

/// Taps the outputs of children, one after the other.
class ChildrenTaps {
 public:
  ChildrenTaps(std::string_view prefix, const std::optional<Reading>& sequences)
      : prefix_(prefix), sequences_(sequences) {}

  void tap_output(const std::string& child, const torch::nn::Module& module,
                  const at::Tensor& output) {
    // Other modules, such as a ReLU, have the axes that they get.
    if (has_channels_first(module)) is_channels_first_ = true;
    if (has_features_last(module)) is_channels_first_ = false;
    const std::string name = prefix_ + child;
    const bool is_sequence = output.defined() && output.dim() == 3;
    if (!is_sequence || sequences_ || !is_channels_first_) {
      tap(name, output, is_sequence ? sequences_ : std::nullopt);
      return;
    }
    if (!is_tapping()) return;  // it costs a message
    refuse_tap(name, Error("expected a declared layout for 3 axes that a Conv1d or its like may "
                           "have made, such as forward_tapped(…, Layout::ncl), got none and a " +
                           describe(output)));
  }

 private:
  std::string prefix_;
  std::optional<Reading> sequences_;
  bool is_channels_first_ = false;
};

}  // namespace

at::Tensor forward_tapped(torch::nn::SequentialImpl& sequential, const at::Tensor& input,
                          std::string_view prefix, const std::optional<Reading>& sequences) {
  if (sequential.is_empty()) return input;
  const auto children = sequential.named_children();
  auto child = children.begin();
  ChildrenTaps taps(prefix, sequences);
  torch::nn::AnyValue value(at::Tensor{input});
  for (torch::nn::AnyModule& module : sequential) {
    value = module.any_forward(std::move(value));
    if (const at::Tensor* output = value.try_get<at::Tensor>()) {
      taps.tap_output(child->key(), *child->value(), *output);
    }
    ++child;
  }
  return value.get<at::Tensor>();
}

}  // namespace livecca::libtorch
