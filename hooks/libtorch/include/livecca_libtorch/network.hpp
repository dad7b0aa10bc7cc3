#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace livecca::libtorch {

/// Runs a network on a batch of inputs, e.g. `[&](const at::Tensor& x) { net->forward(x); }`. Only
/// what the network taps counts. What it returns does not.
using Forward = std::function<void(const at::Tensor& inputs)>;

/// A network by its name in a run: a module, and how it is run.
///
///     {"net", net}                // a torch::nn::ModuleHolder, such as Net or torch::nn::Linear
///     {"net", net_pointer}        // a std::shared_ptr<NetImpl>
///     {"encoder", *net, [&](const at::Tensor& tokens) { net->encode(tokens); }}
///
/// Holds a module that came in a holder or pointer; borrows one that came by reference. Thread
/// safety: none.
class Network {
 public:
  /// A holder or shared pointer of a module whose forward() takes the batch.
  template <typename Holder>
  requires requires(Holder& holder, const at::Tensor& inputs) { holder->forward(inputs); }
  Network(std::string name, const Holder& holder) : name_(std::move(name)) {
    auto held = std::make_shared<Holder>(holder);
    module_ = &**held;
    forward_ = [held](const at::Tensor& inputs) { (*held)->forward(inputs); };
  }
  /// A module, and how it is run.
  Network(std::string name, torch::nn::Module& module, Forward forward)
      : name_(std::move(name)), module_(&module), forward_(std::move(forward)) {}

  const std::string& name() const { return name_; }
  torch::nn::Module& module() const { return *module_; }
  void forward(const at::Tensor& inputs) const { forward_(inputs); }

 private:
  std::string name_;
  torch::nn::Module* module_;
  Forward forward_;
};

}  // namespace livecca::libtorch
