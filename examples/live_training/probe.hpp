#pragma once

#include <livecca/monitor/monitor.hpp>

#include <cstdint>

#include "training.hpp"

namespace live_training {

inline constexpr const char* trained_name = "net";
inline constexpr const char* reference_name = "reference";

/// The fixed images over which the trained network and the reference are compared.
class Probe {
 public:
  /// The first `count` images of a set.
  Probe(const TensorSet& set, std::int64_t count);

  std::int64_t size() const { return images_.size(0); }

  /// Runs both networks over the probe in evaluation mode without gradients, batch by batch, and
  /// hands each batch's activations to the monitor as one step. Returns the seconds it took, all of
  /// them training's.
  double run(livecca::Monitor& monitor, std::int64_t epoch, Network& trained, Network& reference);

 private:
  void run_one(livecca::Monitor& monitor, livecca::Monitor::Step& step, const char* name,
               Network& network, const torch::Tensor& batch);

  torch::Tensor images_;
};

}  // namespace live_training
