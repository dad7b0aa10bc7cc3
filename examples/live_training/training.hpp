#pragma once

#include <torch/optim/sgd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <stdexcept>
#include <vector>

#include "image_set.hpp"
#include "network.hpp"

namespace live_training {

/// Images as a network takes them: float32 of about unit variance, and their labels.
struct TensorSet {
  torch::Tensor images;  ///< N × 3 × 32 × 32
  torch::Tensor labels;  ///< N

  std::int64_t size() const { return labels.size(0); }
};

TensorSet to_tensors(const ImageSet& set);

struct TrainingOptions {
  std::int64_t epochs = 8;
  std::int64_t batch_size = 64;
  double learning_rate = 0.05;  ///< at the start; it falls to 0 along a cosine
  double weight_decay = 5e-4;
  bool mirror = false;     ///< mirror half of the images
  std::uint64_t seed = 1;  ///< initial weights, order of the images, mirroring
};

/// Stochastic gradient descent on one network, an epoch at a time. Seeds LibTorch's generator when
/// it is made, so make one trainer at a time. Thread safety: none.
class Trainer {
 public:
  /// Called after each batch with the batches done, their number, and the mean loss so far.
  using Progress = std::function<void(std::size_t, std::size_t, double)>;

  /// The forward pass of a minibatch, images to logits: the network's own, with something about it.
  using Forward = std::function<torch::Tensor(Network&, const torch::Tensor&)>;

  /// Trains on the device of the data.
  Trainer(const NetworkOptions& network, const TrainingOptions& options, const TensorSet& data);

  Network& network() { return network_; }
  /// Of the next batch.
  double learning_rate() const;
  /// One pass over the data; returns the mean loss.
  double train_epoch(const Progress& progress, const Forward& forward = plain_forward);

  static torch::Tensor plain_forward(Network& network, const torch::Tensor& images) {
    return network->forward(images);
  }

 private:
  double train_batch(const torch::Tensor& indices, const Forward& forward);

  TrainingOptions options_;
  const TensorSet& data_;
  Network network_;
  torch::optim::SGD optimizer_;
  std::int64_t batches_per_epoch_;
  std::int64_t batches_done_ = 0;
};

/// The share of images that a network classifies rightly, in evaluation mode.
double accuracy(Network& network, const TensorSet& data);

/// A saved network could not be read or written; the message is one line that names the file.
class NetworkFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void save(const Network& network, const std::filesystem::path& file);
/// Throws NetworkFileError, also where the file holds a network of another width.
Network load(const std::filesystem::path& file, const NetworkOptions& options);

}  // namespace live_training
