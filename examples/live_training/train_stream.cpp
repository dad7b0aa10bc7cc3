#include "train_stream.hpp"

#include "livecca_libtorch/tap.hpp"
#include "probe.hpp"

namespace live_training {

torch::Tensor TrainStream::forward(std::int64_t epoch, Network& network,
                                   const torch::Tensor& images) {
  monitor_.advance(epoch);
  if (!is_watched_ || !monitor_.due(livecca::Stream::train, epoch)) return network->forward(images);
  livecca::Monitor::Step step = monitor_.begin(livecca::Stream::train, epoch);
  torch::Tensor logits;
  {
    const livecca::libtorch::TapScope taps(monitor_, step, trained_name);
    logits = network->forward(images);
  }
  if (reference_) run_watched(monitor_, step, reference_name, reference_, images);
  step.commit();
  return logits;
}

}  // namespace live_training
