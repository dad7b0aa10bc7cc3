#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/pimpl.h>
#include <torch/optim/adam.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace findings {

struct LanguageModelOptions {
  std::int64_t vocabulary = 0;
  std::int64_t width = 0;  ///< of the embedding and of every layer
  std::int64_t layers = 3;
  double dropout = 0.2;  ///< of the embedding's and every layer's outputs, in training
};

/// An embedding, layers of LSTMs and a linear layer that scores the next word. Taps the embedding
/// and every LSTM's hidden states ("lstm1" is nearest to the input).
class LanguageModelImpl : public torch::nn::Module {
 public:
  /// Of every layer: what it hands on from a word to the next.
  using States = std::vector<std::tuple<torch::Tensor, torch::Tensor>>;

  explicit LanguageModelImpl(const LanguageModelOptions& options);

  /// Words (sequences × steps) to the last layer's hidden states (sequences × steps × width). Goes
  /// on from `states`, which may be empty at the beginning of a text, and leaves the new ones
  /// there.
  torch::Tensor hidden(const torch::Tensor& words, States& states);
  /// The same for sequences of which each begins anew.
  torch::Tensor hidden(const torch::Tensor& words);
  /// Hidden states (… × width) to scores of the next word (… × vocabulary).
  torch::Tensor scores(const torch::Tensor& hidden);

 private:
  torch::Tensor dropped(const torch::Tensor& outputs) const;

  double dropout_;
  torch::nn::Embedding embedding_;
  std::vector<torch::nn::LSTM> layers_;
  torch::nn::Linear decoder_;
};
TORCH_MODULE(LanguageModel);

struct LanguageTrainingOptions {
  std::int64_t epochs = 10;
  std::int64_t rows = 20;        ///< places of the text that are read at the same time
  std::int64_t steps = 35;       ///< words between two updates; gradients do not reach farther back
  double learning_rate = 0.003;  ///< of Adam at the start; it falls to 0 along a cosine
  std::uint64_t seed = 1;        ///< initial weights and dropout
};

/// Trains a language model, an epoch at a time, on a GPU if LibTorch has one. Seeds LibTorch's
/// generator when it is made, so make one trainer at a time. Thread safety: none.
class LanguageTrainer {
 public:
  /// Throws std::invalid_argument if the text is too short for a single update.
  LanguageTrainer(const LanguageModelOptions& model, const LanguageTrainingOptions& options,
                  const std::vector<std::int64_t>& text);

  LanguageModel& model() { return model_; }
  /// Reads the text once; returns the mean loss of a word, in nats.
  double train_epoch();

 private:
  void set_learning_rate();

  LanguageTrainingOptions options_;
  torch::Tensor text_;  ///< rows × words
  LanguageModel model_;
  torch::optim::Adam optimizer_;
  std::int64_t updates_ = 0;
};

/// exp of the mean loss of a word.
double perplexity(LanguageModel& model, const std::vector<std::int64_t>& text);

/// The first `count` sequences of so many words, one after the other (count × steps), where models
/// are trained. Fewer if the text is shorter.
torch::Tensor sequences_of(const std::vector<std::int64_t>& text, std::int64_t count,
                           std::int64_t steps);

}  // namespace findings
