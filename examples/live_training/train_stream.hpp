#pragma once

#include <livecca/monitor/monitor.hpp>

#include <cstdint>
#include <utility>

#include "training.hpp"

namespace live_training {

/// What of training itself a monitor gets to see: that steps are made and, of those that are due,
/// the activations.
class TrainStream {
 public:
  /// Where `is_watched` is false, steps are only counted. A reference that is not null runs on the
  /// minibatches that are watched, in evaluation mode without gradients. The monitor is borrowed.
  TrainStream(livecca::Monitor& monitor, Network reference, bool is_watched)
      : monitor_(monitor), reference_(std::move(reference)), is_watched_(is_watched) {}

  /// The forward pass of one minibatch of training, images to logits.
  torch::Tensor forward(std::int64_t epoch, Network& network, const torch::Tensor& images);

 private:
  livecca::Monitor& monitor_;
  Network reference_;
  bool is_watched_;
};

}  // namespace live_training
