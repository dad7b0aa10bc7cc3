#include "livecca_libtorch/training_step.hpp"

#include "livecca_libtorch/tap.hpp"
#include "observed_forward.hpp"

namespace livecca::libtorch {

void run_training_step(Monitor& monitor, std::int64_t epoch, const std::function<void()>& forward,
                       const at::Tensor& inputs, const std::vector<Network>& references) {
  monitor.training_step(epoch);
  auto step = monitor.begin_if_due(Stream::train, epoch);
  if (!step) return forward();
  {
    const TapScope taps(monitor, *step, monitor.network());
    forward();
  }
  for (const Network& reference : references) {
    observe_evaluation(monitor, *step, reference, inputs);
  }
  step->commit();
}

}  // namespace livecca::libtorch
