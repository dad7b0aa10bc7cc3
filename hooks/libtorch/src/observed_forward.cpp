#include "observed_forward.hpp"

#include <algorithm>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {

bool is_any_training(const torch::nn::Module& module) {
  if (module.is_training()) return true;
  // Without the module itself, which need not be held by a shared_ptr.
  const auto submodules = module.modules(/*include_self=*/false);
  return std::ranges::any_of(submodules, [](const auto& each) { return each->is_training(); });
}

void observe_evaluation(Monitor& monitor, Monitor::Step& step, const Network& network,
                        const at::Tensor& inputs) {
  const TapScope taps(monitor, step, network.name());
  const EvaluationScope evaluation(network.module());
  network.forward(inputs);
  if (is_any_training(network.module())) step.set_training_mode(network.name(), true);
}

}  // namespace livecca::libtorch
