#include "livecca_libtorch/sequential.hpp"

#include <string>
#include <utility>

#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {

at::Tensor forward_tapped(torch::nn::SequentialImpl& sequential, const at::Tensor& input,
                          std::string_view prefix) {
  if (sequential.is_empty()) return input;
  const auto children = sequential.named_children();
  auto child = children.begin();
  torch::nn::AnyValue value(at::Tensor{input});
  for (torch::nn::AnyModule& module : sequential) {
    value = module.any_forward(std::move(value));
    if (const at::Tensor* output = value.try_get<at::Tensor>()) {
      tap(std::string(prefix) + child->key(), *output);
    }
    ++child;
  }
  return value.get<at::Tensor>();
}

}  // namespace livecca::libtorch
