#include "train_stream.hpp"

#include "livecca_libtorch/tap.hpp"
#include "probe.hpp"

namespace live_training {

torch::Tensor TrainStream::forward(std::int64_t epoch, Network& network,
                                   const torch::Tensor& images) {
  monitor_.training_step(epoch);
  if (!is_watched_) return network->forward(images);
  auto step = monitor_.begin_if_due(livecca::Stream::train, epoch);
  if (!step) return network->forward(images);
  torch::Tensor logits;
  {
    const livecca::libtorch::TapScope taps(monitor_, *step, trained_name);
    logits = network->forward(images);
  }
  if (reference_) run_watched(monitor_, *step, reference_name, reference_, images);
  step->commit();
  return logits;
}

}  // namespace live_training
