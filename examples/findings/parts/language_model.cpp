#include "language_model.hpp"

#include <torch/nn/functional/loss.h>
#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "device.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/tap.hpp"

namespace findings {
namespace {

using livecca::libtorch::tap;

/// The generator must be seeded before the weights are drawn.
LanguageModel make_model(const LanguageModelOptions& options, std::uint64_t seed) {
  torch::manual_seed(seed);
  LanguageModel model(options);
  model->to(device());
  return model;
}

/// The text cut into rows of the same length (rows × words); a rest is left out.
torch::Tensor in_rows(const std::vector<std::int64_t>& text, std::int64_t rows,
                      std::int64_t columns) {
  const auto used = text.begin() + static_cast<std::ptrdiff_t>(rows * columns);
  return torch::tensor(std::vector<std::int64_t>(text.begin(), used), torch::kLong)
      .view({rows, columns})
      .to(device());
}

torch::Tensor in_rows(const std::vector<std::int64_t>& text, std::int64_t rows) {
  return in_rows(text, rows, static_cast<std::int64_t>(text.size()) / rows);
}

/// The mean loss of the words behind `words`.
torch::Tensor loss_of(LanguageModel& model, const torch::Tensor& words, const torch::Tensor& next,
                      LanguageModelImpl::States& states) {
  const torch::Tensor scores = model->scores(model->hidden(words, states));
  return torch::cross_entropy_loss(scores.flatten(0, 1), next.flatten());
}

/// Calls `use` with the words of each update and with those behind them.
template <typename Use>
void for_each_part(const torch::Tensor& text, std::int64_t steps, const Use& use) {
  const std::int64_t end = text.size(1) - 1;  // nothing is behind the last word
  for (std::int64_t first = 0; first < end; first += steps) {
    const std::int64_t last = std::min(first + steps, end);
    use(text.slice(1, first, last), text.slice(1, first + 1, last + 1));
  }
}

}  // namespace

LanguageModelImpl::LanguageModelImpl(const LanguageModelOptions& options)
    : dropout_(options.dropout),
      embedding_(options.vocabulary, options.width),
      decoder_(options.width, options.vocabulary) {
  register_module("embedding", embedding_);
  for (std::int64_t layer = 1; layer <= options.layers; ++layer) {
    layers_.emplace_back(torch::nn::LSTMOptions(options.width, options.width).batch_first(true));
    register_module("lstm" + std::to_string(layer), layers_.back());
  }
  register_module("decoder", decoder_);
}

torch::Tensor LanguageModelImpl::hidden(const torch::Tensor& words, States& states) {
  constexpr livecca::Layout layout = livecca::Layout::ntc;
  torch::Tensor outputs = tap("embedding", embedding_->forward(words), layout);
  const bool begins = states.empty();
  states.resize(layers_.size());
  for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
    outputs = dropped(outputs);
    std::tie(outputs, states[layer]) =
        begins ? layers_[layer]->forward(outputs) : layers_[layer]->forward(outputs, states[layer]);
    tap("lstm" + std::to_string(layer + 1), outputs, layout);
  }
  return outputs;
}

torch::Tensor LanguageModelImpl::hidden(const torch::Tensor& words) {
  States states;
  return hidden(words, states);
}

torch::Tensor LanguageModelImpl::scores(const torch::Tensor& hidden) {
  return decoder_->forward(dropped(hidden));
}

torch::Tensor LanguageModelImpl::dropped(const torch::Tensor& outputs) const {
  return torch::dropout(outputs, dropout_, is_training());
}

LanguageTrainer::LanguageTrainer(const LanguageModelOptions& model,
                                 const LanguageTrainingOptions& options,
                                 const std::vector<std::int64_t>& text)
    : options_(options),
      text_(in_rows(text, options.rows)),
      model_(make_model(model, options.seed)),
      optimizer_(model_->parameters(), torch::optim::AdamOptions(options.learning_rate)) {
  if (text_.size(1) < 2) {
    throw std::invalid_argument("expected a text of at least two words a row to train on");
  }
}

double LanguageTrainer::train_epoch() {
  constexpr double largest_gradient = 1;
  model_->train();
  LanguageModelImpl::States states;
  double loss_sum = 0;
  for_each_part(text_, options_.steps, [&](const torch::Tensor& words, const torch::Tensor& next) {
    set_learning_rate();
    for (auto& [hidden, cell] : states) {
      hidden = hidden.detach();
      cell = cell.detach();
    }
    optimizer_.zero_grad();
    const torch::Tensor loss = loss_of(model_, words, next, states);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(model_->parameters(), largest_gradient);
    optimizer_.step();
    ++updates_;
    loss_sum += loss.item<double>() * static_cast<double>(words.size(1));
  });
  return loss_sum / static_cast<double>(text_.size(1) - 1);
}

void LanguageTrainer::set_learning_rate() {
  const std::int64_t in_epoch = (text_.size(1) - 1 + options_.steps - 1) / options_.steps;
  const double share =
      static_cast<double>(updates_) / static_cast<double>(in_epoch * options_.epochs);
  const double rate = options_.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
  static_cast<torch::optim::AdamOptions&>(optimizer_.param_groups()[0].options()).lr(rate);
}

double perplexity(LanguageModel& model, const std::vector<std::int64_t>& text) {
  constexpr std::int64_t rows = 50;
  constexpr std::int64_t steps = 50;
  const livecca::libtorch::EvaluationScope evaluation(*model);
  const torch::Tensor in_parts = in_rows(text, rows);
  LanguageModelImpl::States states;
  double loss_sum = 0;
  for_each_part(in_parts, steps, [&](const torch::Tensor& words, const torch::Tensor& next) {
    loss_sum +=
        loss_of(model, words, next, states).item<double>() * static_cast<double>(words.size(1));
  });
  return std::exp(loss_sum / static_cast<double>(in_parts.size(1) - 1));
}

torch::Tensor sequences_of(const std::vector<std::int64_t>& text, std::int64_t count,
                           std::int64_t steps) {
  return in_rows(text, std::min(count, static_cast<std::int64_t>(text.size()) / steps), steps);
}

}  // namespace findings
