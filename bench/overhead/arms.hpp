#pragma once

#include <livecca/monitor/monitor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "train_stream.hpp"
#include "training.hpp"

namespace overhead {

/// What a block of training took.
struct Times {
  double wall = 0;
  double processor = 0;  ///< of all threads together
};

/// The same training for every arm: its network, seeds and images.
struct Training {
  live_training::NetworkOptions network;
  live_training::TrainingOptions options;
  const live_training::TensorSet& images;
  live_training::Network reference;
};

/// One way to train. Each has its own network, and trains a stretch of few steps (an epoch of its
/// few images) at a time, so that arms can take turns within seconds. A block is many stretches.
class Arm {
 public:
  explicit Arm(const Training& training)
      : training_(training), trainer_(training.network, training.options, training.images) {}
  virtual ~Arm() = default;
  Arm(const Arm&) = delete;
  Arm& operator=(const Arm&) = delete;

  /// Adds what it took to `times`.
  void run_stretch(Times& times);
  /// Of the block: what is left to be done then counts, too.
  void end_block(Times& times);

 protected:
  virtual torch::Tensor forward(live_training::Network& network, const torch::Tensor& images) {
    return network->forward(images);
  }
  virtual void end_stretch() {}
  virtual void snapshot() {}

  Training training_;

 private:
  live_training::Trainer trainer_;
};

/// Training, and every so many steps the reference's forward pass, which nobody observes.
class ArmWithReference : public Arm {
 public:
  ArmWithReference(const Training& training, int every) : Arm(training), every_(every) {}

 protected:
  torch::Tensor forward(live_training::Network& network, const torch::Tensor& images) override;

 private:
  int every_;
  int steps_ = 0;
};

/// Training whose train stream is watched, with a snapshot at the end of each block, whose solve is
/// waited for: all that watching takes falls into the block. Of a stretch the first step is due, so
/// that livecca's own threads are done with it before the stretch ends.
class WatchedArm : public Arm {
 public:
  struct Options {
    std::string name;  ///< of its run folder
    std::int64_t every = 10;
    double budget = 0;
    bool has_reference = false;
  };

  WatchedArm(const Training& training, const std::filesystem::path& folder, const Options& options);

  /// What the last block's snapshot says of its overhead, for people.
  std::string last_overhead() const;

 protected:
  torch::Tensor forward(live_training::Network& network, const torch::Tensor& images) override;
  void end_stretch() override;
  void snapshot() override;

 private:
  livecca::Monitor monitor_;
  live_training::TrainStream stream_;
  std::int64_t epoch_ = 0;
};

/// What a pass over the probe took of the training thread, by the clock and as livecca says.
struct ProbePass {
  double seconds = 0;          ///< the whole pass, from begin() to snapshot()
  double bare_seconds = 0;     ///< the same without a monitor
  double outside_seconds = 0;  ///< all but the networks' forward passes; taps are within those
  double observe_seconds = 0;  ///< livecca's own account: inputs, rows
  double wait_seconds = 0;     ///< and for a place in the queue
};

/// A monitor of the probe stream alone, with a reference beside. Passes with it and without take
/// turns.
class ProbeWatcher {
 public:
  ProbeWatcher(const Training& training, const std::filesystem::path& folder,
               const live_training::TensorSet& images, std::int64_t count);
  ProbePass pass();

 private:
  static void forward(live_training::Network& network, const torch::Tensor& images, Times& times);
  void run_bare(ProbePass& pass);
  void run_watched(ProbePass& pass);

  live_training::Network network_;
  live_training::Network reference_;
  livecca::Monitor monitor_;
  std::vector<torch::Tensor> batches_;
  std::int64_t epoch_ = 0;
};

}  // namespace overhead
