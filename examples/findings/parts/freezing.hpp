#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "network.hpp"

namespace findings {

/// Freezes a network's layers from the input upwards. The last layer always trains. The network is
/// shared with the trainer.
class LayersFromBelow {
 public:
  explicit LayersFromBelow(live_training::Network network);

  /// How many layers are frozen.
  std::size_t frozen() const { return frozen_; }
  /// The layer to freeze next; empty if only the last one is left.
  std::string next() const;
  /// Freezes next(): its parameters get no gradient, and so no step. Expects that there is one.
  void freeze_next();
  /// Puts the batch norm of frozen layers into evaluation mode, so that their statistics stay, too.
  /// Call it before each training step, as train() puts them back.
  void hold();
  /// The multiply-adds of the backward pass of one image, of convolutions and linear layers.
  ///
  /// A layer with m multiply-adds in the forward pass needs m for the gradient of its weights, and
  /// m for the gradient of its input. The first is not needed if the layer is frozen, the second
  /// not if no layer below it trains. LibTorch does neither then.
  std::int64_t backward_multiply_adds() const;

 private:
  live_training::Network network_;
  std::vector<std::string> layers_;
  std::size_t frozen_ = 0;
};

}  // namespace findings
