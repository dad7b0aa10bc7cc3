#include <doctest/doctest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/rnn.h>
#include <torch/nn/modules/transformerlayer.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "livecca_libtorch/probe.hpp"
#include "livecca_libtorch/tap.hpp"
#include "support/decompositions.hpp"
#include "support/temporary_folder.hpp"

// A transformer and an LSTM over sentences of WikiText-2, padded to one length: their layers have
// numbers for all references, and these are those of the valid steps.

using livecca::Layout;
using livecca::libtorch::Network;
using livecca::libtorch::Probe;
using livecca::libtorch::tap;

namespace {

constexpr std::int64_t longest_sentence = 20;
constexpr std::int64_t sentence_count = 150;
constexpr std::int64_t vocabulary_size = 100;
constexpr std::int64_t model_width = 16;
constexpr std::int64_t no_word = 0;

std::filesystem::path wikitext() {
  const char* const given = std::getenv("LIVECCA_WIKITEXT");
  return std::filesystem::path(given != nullptr ? given
                                                : LIVECCA_SOURCE_DIR "/../shared/data/wikitext-2") /
         "wiki.valid.tokens";
}

/// Sentences × steps of word numbers: the more common, the smaller, and 0 for padding. Empty if
/// there is no such file.
torch::Tensor sentences_of(const std::filesystem::path& file) {
  std::ifstream text(file);
  std::vector<std::vector<std::string>> sentences;
  std::map<std::string, std::int64_t> counts;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::vector<std::string> sentence;
    for (std::string word; words >> word;) {
      ++counts[word];
      sentence.push_back(word);
      if (word == "." && sentence.size() > 2) sentences.push_back(std::exchange(sentence, {}));
    }
  }
  std::vector<std::pair<std::int64_t, std::string>> common;
  for (const auto& [word, count] : counts) common.emplace_back(-count, word);
  std::ranges::sort(common);
  std::map<std::string, std::int64_t> numbers;
  for (std::size_t i = 0; i < common.size(); ++i) {
    numbers[common[i].second] =
        std::min<std::int64_t>(static_cast<std::int64_t>(i) + 1, vocabulary_size - 1);
  }
  std::erase_if(sentences, [](const auto& sentence) { return sentence.size() > longest_sentence; });
  if (sentences.size() < sentence_count) return {};
  torch::Tensor tokens = torch::full({sentence_count, longest_sentence}, no_word, torch::kLong);
  auto token = tokens.accessor<std::int64_t, 2>();
  for (std::int64_t n = 0; n < sentence_count; ++n) {
    const auto& sentence = sentences[static_cast<std::size_t>(n)];
    for (std::size_t t = 0; t < sentence.size(); ++t) {
      token[n][static_cast<std::int64_t>(t)] = numbers[sentence[t]];
    }
  }
  return tokens;
}

/// What both models have: layers whose outputs are known by name, and guesses of the next word.
struct TextModel : torch::nn::Module {
  torch::nn::Embedding words{
      register_module("words", torch::nn::Embedding(vocabulary_size, model_width))};
  torch::nn::Linear guess{
      register_module("guess", torch::nn::Linear(model_width, vocabulary_size))};
  std::map<std::string, torch::Tensor> outputs;  ///< sentences × steps × features

  virtual torch::Tensor forward(const torch::Tensor& tokens) = 0;
};

struct Transformer : TextModel {
  torch::nn::TransformerEncoderLayer first{register_module("first", layer())};
  torch::nn::TransformerEncoderLayer second{register_module("second", layer())};

  static torch::nn::TransformerEncoderLayer layer() {
    return torch::nn::TransformerEncoderLayer(
        torch::nn::TransformerEncoderLayerOptions(model_width, 2).dim_feedforward(32));
  }
  torch::Tensor forward(const torch::Tensor& tokens) override {
    const torch::Tensor padding = tokens == no_word;
    const torch::Tensor causal =
        torch::full({tokens.size(1), tokens.size(1)}, -1e9).triu(/*diagonal=*/1);
    torch::Tensor x = words(tokens).transpose(0, 1);
    x = tap("encoder1", first(x, causal, padding), Layout::tnc, padding);
    outputs["encoder1"] = x.transpose(0, 1);
    x = tap("encoder2", second(x, causal, padding), Layout::tnc, padding);
    outputs["encoder2"] = x.transpose(0, 1);
    return guess(x.transpose(0, 1));
  }
};

struct Lstm : TextModel {
  torch::nn::LSTM first{register_module("first", layer())};
  torch::nn::LSTM second{register_module("second", layer())};

  static torch::nn::LSTM layer() {
    return torch::nn::LSTM(torch::nn::LSTMOptions(model_width, model_width).batch_first(true));
  }
  torch::Tensor forward(const torch::Tensor& tokens) override {
    const torch::Tensor padding = tokens == no_word;
    torch::Tensor x = std::get<0>(tap("lstm1", first(words(tokens)), {}, padding));
    outputs["lstm1"] = x;
    x = std::get<0>(tap("lstm2", second(x), {}, padding));
    outputs["lstm2"] = x;
    return guess(x);
  }
};

/// The rows of the steps that are no padding.
Eigen::MatrixXd valid_rows(const torch::Tensor& output, const torch::Tensor& tokens) {
  const torch::Tensor rows =
      output.flatten(0, 1).index({(tokens != no_word).flatten()}).to(torch::kDouble).contiguous();
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const RowMajor>(rows.data_ptr<double>(), rows.size(0), rows.size(1));
}

void append_rows(Eigen::MatrixXd& rows, const Eigen::MatrixXd& more) {
  rows.conservativeResize(rows.rows() + more.rows(), more.cols());
  rows.bottomRows(more.rows()) = more;
}

/// Orthonormal columns that span the centred rows' columns. The layer norm at the end of an encoder
/// takes one direction away, up to the rounding of float32.
Eigen::MatrixXd basis_of(const Eigen::MatrixXd& rows) {
  const auto parts = livecca_tests::svd(livecca_tests::centered(rows));
  const auto rank = (parts.values.array() > 1e-5 * parts.values(0)).count();
  return parts.left.leftCols(rank);
}

using Outputs = std::map<std::string, Eigen::MatrixXd>;

void check_number(const livecca::SnapshotReport& report, const std::string& reference,
                  std::int64_t epoch, const Outputs& now, const Outputs& then) {
  for (const auto& [layer, rows] : now) {
    CAPTURE(layer);
    CAPTURE(reference);
    CAPTURE(epoch);
    const livecca::MeasureRow* row = report.find(
        {.layer = layer, .reference = reference, .measure = "mean_cca_distance", .epoch = epoch});
    REQUIRE(row != nullptr);
    REQUIRE(row->value);
    CHECK(row->samples == static_cast<std::uint64_t>(rows.rows()));
    const Eigen::MatrixXd x = basis_of(rows);
    const Eigen::MatrixXd y = basis_of(then.at(layer));
    const double expected =
        1 - livecca_tests::svd(Eigen::MatrixXd(x.transpose() * y)).values.mean();
    CHECK(*row->value == doctest::Approx(expected).epsilon(1e-6).scale(1e-3));
  }
}

/// Trains a model for some epochs under a probe, and looks at all its numbers.
template <typename Model>
void check_model() {
  const torch::Tensor tokens = sentences_of(wikitext());
  if (!tokens.defined()) {
    MESSAGE("skipped: expected WikiText-2 in LIVECCA_WIKITEXT, got no " << wikitext().string());
    return;
  }
  torch::manual_seed(1);
  Model net;
  Model other;
  const livecca_tests::TemporaryFolder folder;
  livecca::MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.positions = livecca::Positions::all();
  options.history_precision = livecca::PackPrecision::exact;
  options.compare_before = {1};
  livecca::Monitor monitor(options);
  const torch::Tensor probe_tokens = tokens.slice(0, 0, 100);
  const std::vector<torch::Tensor> batches = probe_tokens.split(40);
  Probe probe(monitor, batches);
  torch::optim::Adam optimizer(net.parameters(), torch::optim::AdamOptions(0.01));
  // In the probe's own batches: how many sentences are multiplied at once changes how float32 is
  // rounded, and a direction near the rank's limit turns with that.
  const auto outputs_of = [&](Model& model) {
    const at::NoGradGuard no_gradients;
    model.eval();
    Outputs outputs;
    for (const torch::Tensor& batch : batches) {
      model.forward(batch);
      for (const auto& [layer, output] : model.outputs) {
        append_rows(outputs[layer], valid_rows(output, batch));
      }
    }
    model.train();
    return outputs;
  };
  const auto run = [](Model& model) {
    return [&model](const torch::Tensor& batch) { model.forward(batch); };
  };
  const Outputs reference = outputs_of(other);
  std::vector<Outputs> epochs;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    epochs.push_back(outputs_of(net));
    const livecca::SnapshotReport report =
        probe.run(epoch, {{"net", net, run(net)}, {"seed7", other, run(other)}}).wait();
    for (const livecca::Event& event : report.events) MESSAGE(event.message);
    CHECK(report.events.empty());
    check_number(report, "seed7", epoch, epochs.back(), reference);
    if (epoch > 0) {
      check_number(report, "start", epoch, epochs.back(), epochs.front());
      check_number(report, "before-1", epoch, epochs.back(), epochs[epochs.size() - 2]);
    }
    for (int step = 0; step < 8; ++step) {
      optimizer.zero_grad();
      const torch::Tensor guesses = net.forward(tokens).slice(1, 0, longest_sentence - 1);
      torch::nn::functional::cross_entropy(
          guesses.flatten(0, 1), tokens.slice(1, 1).flatten(),
          torch::nn::functional::CrossEntropyFuncOptions().ignore_index(no_word))
          .backward();
      optimizer.step();
    }
  }
  const livecca::SnapshotReport curves = monitor.finish();
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    check_number(curves, "final", epoch, epochs[static_cast<std::size_t>(epoch)], epochs.back());
  }
}

}  // namespace

TEST_CASE("a masked transformer encoder has the numbers of its valid steps") {
  check_model<Transformer>();
}

TEST_CASE("two layers of LSTM have the numbers of their valid steps") { check_model<Lstm>(); }
