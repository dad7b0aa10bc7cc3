#include "training.hpp"

#include <torch/nn/functional/loss.h>
#include <torch/serialize.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "livecca_libtorch/evaluation_scope.hpp"

namespace live_training {
namespace {

constexpr double momentum = 0.9;
constexpr std::int64_t evaluation_batch = 250;

/// The generator must be seeded before the weights are drawn.
Network make_network(const NetworkOptions& options, std::uint64_t seed,
                     const torch::Device& device) {
  torch::manual_seed(seed);
  Network network(options);
  network->to(device);
  return network;
}

torch::Tensor mirror_half(const torch::Tensor& images) {
  const torch::Tensor chosen = (torch::rand({images.size(0), 1, 1, 1}) < 0.5).to(images.device());
  return torch::where(chosen, images.flip(3), images);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

TensorSet to_tensors(const ImageSet& set) {
  const auto count = static_cast<std::int64_t>(set.size());
  TensorSet tensors;
  tensors.labels = torch::empty({count}, torch::kLong);
  std::copy(set.labels.begin(), set.labels.end(), tensors.labels.data_ptr<std::int64_t>());
  tensors.images = torch::empty({count, image_channels, image_side, image_side});
  // The mean and spread of photographs; fixed, so that a saved network can be used again.
  std::transform(set.pixels.begin(), set.pixels.end(), tensors.images.data_ptr<float>(),
                 [](std::uint8_t pixel) { return (static_cast<float>(pixel) - 120.0F) / 64.0F; });
  return tensors;
}

Trainer::Trainer(const NetworkOptions& network, const TrainingOptions& options,
                 const TensorSet& data)
    : options_(options),
      data_(data),
      network_(make_network(network, options.seed, data.images.device())),
      optimizer_(network_->parameters(), torch::optim::SGDOptions(options.learning_rate)
                                             .momentum(momentum)
                                             .weight_decay(options.weight_decay)),
      batches_per_epoch_((data.size() + options.batch_size - 1) / options.batch_size) {}

double Trainer::train_epoch(const Progress& progress, const Forward& forward) {
  network_->train();
  // Drawn on the CPU, so that a seed gives the same order everywhere.
  const torch::Tensor order = torch::randperm(data_.size(), torch::kLong).to(data_.labels.device());
  double loss = 0.0;
  for (std::int64_t batch = 0; batch < batches_per_epoch_; ++batch) {
    const std::int64_t first = batch * options_.batch_size;
    const std::int64_t last = std::min(first + options_.batch_size, data_.size());
    auto& step = static_cast<torch::optim::SGDOptions&>(optimizer_.param_groups()[0].options());
    step.lr(learning_rate());
    loss += train_batch(order.slice(0, first, last), forward);
    ++batches_done_;
    progress(static_cast<std::size_t>(batch + 1), static_cast<std::size_t>(batches_per_epoch_),
             loss / static_cast<double>(batch + 1));
  }
  return loss / static_cast<double>(batches_per_epoch_);
}

double Trainer::train_batch(const torch::Tensor& indices, const Forward& forward) {
  torch::Tensor images = data_.images.index_select(0, indices);
  if (options_.mirror) images = mirror_half(images);
  optimizer_.zero_grad();
  const torch::Tensor logits = forward(network_, images);
  const torch::Tensor loss =
      torch::cross_entropy_loss(logits, data_.labels.index_select(0, indices));
  loss.backward();
  optimizer_.step();
  return loss.item<double>();
}

double Trainer::learning_rate() const {
  const double share = static_cast<double>(batches_done_) /
                       static_cast<double>(batches_per_epoch_ * options_.epochs);
  return options_.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

double accuracy(Network& network, const TensorSet& data) {
  const livecca::libtorch::EvaluationScope evaluation(*network);
  std::int64_t right = 0;
  for (std::int64_t first = 0; first < data.size(); first += evaluation_batch) {
    const std::int64_t last = std::min(first + evaluation_batch, data.size());
    const torch::Tensor guess = network->forward(data.images.slice(0, first, last)).argmax(1);
    right += guess.eq(data.labels.slice(0, first, last)).sum().item<std::int64_t>();
  }
  return static_cast<double>(right) / static_cast<double>(data.size());
}

void save(const Network& network, const std::filesystem::path& file) {
  try {
    torch::save(network, file.string());
  } catch (const std::exception& problem) {
    throw NetworkFileError("cannot write " + file.string() + ": " + first_line(problem.what()));
  }
}

Network load(const std::filesystem::path& file, const NetworkOptions& options) {
  Network network(options);
  try {
    torch::load(network, file.string());
  } catch (const std::exception& problem) {
    throw NetworkFileError("cannot read a network from " + file.string() + ": " +
                           first_line(problem.what()));
  }
  // LibTorch takes over whatever shapes the file has.
  Network expected(options);
  const auto wanted = expected->named_parameters();
  for (const auto& parameter : network->named_parameters()) {
    if (parameter.value().sizes() != wanted[parameter.key()].sizes()) {
      throw NetworkFileError(file.string() + " holds a network of another width than " +
                             std::to_string(options.width) + " (--width)");
    }
  }
  return network;
}

}  // namespace live_training
