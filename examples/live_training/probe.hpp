#pragma once

#include <livecca/common/result.hpp>
#include <livecca/monitor/monitor.hpp>
#include <livecca_libtorch/tap.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "training.hpp"

namespace live_training {

inline constexpr const char* trained_name = "net";
inline constexpr const char* reference_name = "reference";
inline constexpr const char* pack_name = "pack";

/// The fixed images over which the trained network and its references are compared.
class Probe {
 public:
  /// Observes more in a step, which has the images from number `first` to before `last`.
  using Beside =
      std::function<void(livecca::Monitor::Step& step, std::int64_t first, std::int64_t last)>;

  /// The first `count` images of a set.
  Probe(const TensorSet& set, std::int64_t count);

  std::int64_t size() const { return images_.size(0); }

  /// Runs both networks over the probe in evaluation mode without gradients, batch by batch, and
  /// hands each batch's activations to the monitor as one step. The reference may be null: then a
  /// recorded one is compared with. `beside` is called in each step. Returns the seconds it took,
  /// all of them training's.
  double run(livecca::Monitor& monitor, std::int64_t epoch, Network& trained, Network& reference,
             const Beside& beside = {});

  /// Records a network's activations over the probe, for monitors of later runs. Returns the layers
  /// that could not be recorded. Fails if the file is not written.
  livecca::Result<std::vector<livecca::libtorch::TapProblem>> record(
      const std::filesystem::path& file, std::int64_t epoch, Network& network);

 private:
  std::vector<torch::Tensor> batches() const;

  torch::Tensor images_;
};

/// Runs a network in evaluation mode without gradients, leaves it as it was, and hands what it taps
/// to the step.
void run_watched(livecca::Monitor& monitor, livecca::Monitor::Step& step, const char* name,
                 Network& network, const torch::Tensor& batch);

}  // namespace live_training
