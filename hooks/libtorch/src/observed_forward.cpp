#include "observed_forward.hpp"

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/tap.hpp"

namespace livecca::libtorch {

void observe_evaluation(Monitor& monitor, Monitor::Step& step, const Network& network,
                        const at::Tensor& inputs) {
  const TapScope taps(monitor, step, network.name());
  const EvaluationScope evaluation(network.module());
  network.forward(inputs);
}

}  // namespace livecca::libtorch
