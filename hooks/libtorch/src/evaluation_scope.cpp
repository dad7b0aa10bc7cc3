#include "livecca_libtorch/evaluation_scope.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <mutex>
#include <utility>
#include <vector>

namespace livecca::libtorch {

struct EvaluationScope::State {
  torch::nn::Module& module;
  bool was_training;
  std::vector<std::pair<std::shared_ptr<torch::nn::Module>, bool>> submodules;  ///< parents first
  at::Generator generator;
  at::Tensor random_state;
  c10::AutoGradMode no_gradients{false};

  explicit State(torch::nn::Module& watched)
      : module(watched),
        was_training(watched.is_training()),
        generator(at::detail::getDefaultCPUGenerator()) {
    // Without the module itself, which need not be held by a shared_ptr.
    for (const auto& submodule : module.modules(/*include_self=*/false)) {
      submodules.emplace_back(submodule, submodule->is_training());
    }
    const std::lock_guard<std::mutex> lock(generator.mutex());
    random_state = generator.get_state();
  }

  void restore() {
    module.train(was_training);
    // train() reaches a module's children too; coming later, they get their own mode back.
    for (const auto& [submodule, training] : submodules) submodule->train(training);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(random_state);
  }
};

EvaluationScope::EvaluationScope(torch::nn::Module& module)
    : state_(std::make_unique<State>(module)) {
  module.eval();
}

EvaluationScope::~EvaluationScope() { state_->restore(); }

}  // namespace livecca::libtorch
