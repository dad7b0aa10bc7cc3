// How does the hidden state of a recurrent network change along a sequence? Every step is compared
// with every step and with the last one, over many sequences. Morcos, Raghu, Bengio 2018 found that
// it changes much, and by more than a linear map. Three kinds of sequences tell what it follows: a
// text, its words in another order, and its first words again and again.

#include <ATen/CPUGeneratorImpl.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cores.hpp"
#include "language_model.hpp"
#include "language_runs.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/tap.hpp"
#include "word_text.hpp"

namespace {

using findings::Settings;

struct Scale {
  std::size_t vocabulary;
  std::size_t words;  ///< of the training text, at most
  std::int64_t width;
  std::int64_t layers;
  std::int64_t sequences;  ///< that the steps are compared over
  std::int64_t steps;      ///< of a sequence
  std::int64_t turn;       ///< steps after which a repeated sequence begins anew
  std::int64_t epochs;
  int networks;
};

const std::map<std::string, Scale> scales{{"tiny",
                                           {.vocabulary = 50,
                                            .words = 4000,
                                            .width = 8,
                                            .layers = 2,
                                            .sequences = 200,
                                            .steps = 9,
                                            .turn = 3,
                                            .epochs = 1,
                                            .networks = 1}},
                                          {"small",
                                           {.vocabulary = 2000,
                                            .words = 250000,
                                            .width = 100,
                                            .layers = 1,
                                            .sequences = 4000,
                                            .steps = 30,
                                            .turn = 10,
                                            .epochs = 5,
                                            .networks = 3}},
                                          {"paper",
                                           {.vocabulary = 33278,
                                            .words = 2100000,
                                            .width = 400,
                                            .layers = 3,
                                            .sequences = 7000,
                                            .steps = 30,
                                            .turn = 10,
                                            .epochs = 100,
                                            .networks = 5}}};

const std::array<std::string, 3> kinds{"text", "shuffled", "repeated"};

/// Sequences of a kind (sequences × steps), made from a text's.
torch::Tensor sequences_of(const std::string& kind, const torch::Tensor& text, std::int64_t turn) {
  if (kind == "repeated") return text.slice(1, 0, turn).repeat({1, text.size(1) / turn});
  if (kind == "text") return text;
  constexpr std::uint64_t shuffling_seed = 2018;
  const torch::Tensor order =
      torch::rand(text.sizes(), at::detail::createCPUGenerator(shuffling_seed))
          .argsort(std::int64_t{1});
  return text.gather(1, order.to(text.device()));
}

/// The layer that a step counts as.
std::string layer_of(std::int64_t step) {
  char name[32];
  std::snprintf(name, sizeof name, "step_%02lld", static_cast<long long>(step));
  return name;
}

/// The hidden states of the last layer (sequences × steps × width).
torch::Tensor hidden_of(findings::LanguageModel& model, const torch::Tensor& words) {
  const livecca::libtorch::EvaluationScope evaluation(*model);
  return model->hidden(words).cpu();
}

/// Shows the monitor the hidden state at each step, as a layer of the network and of a reference
/// that is the network itself, and compares each with each.
void compare_steps(livecca::Monitor& monitor, std::int64_t epoch, findings::LanguageModel& model,
                   const torch::Tensor& sequences) {
  constexpr std::int64_t batch = 500;
  for (const torch::Tensor& words : sequences.split(batch)) {
    const torch::Tensor hidden = hidden_of(model, words);
    livecca::Monitor::Step step = monitor.begin(livecca::Stream::probe, epoch);
    for (const std::string& network : {monitor.network(), std::string("itself")}) {
      const livecca::libtorch::TapScope taps(monitor, step, network);
      for (std::int64_t at = 0; at < hidden.size(1); ++at) {
        const auto reading =
            livecca::Reading::at_step(livecca::Layout::ntc, static_cast<std::size_t>(at));
        livecca::libtorch::tap(layer_of(at + 1), hidden, reading);
      }
    }
    step.commit();
  }
  monitor.snapshot(epoch);
}

livecca::MonitorOptions options_of(const Settings& settings, const Scale& scale,
                                   const findings::WordText& text, const std::string& kind,
                                   std::uint64_t seed, const std::filesystem::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.measures = {"pwcca"};
  options.pairing = livecca::Pairing::all();
  options.keep_history = false;  // two snapshots, which are compared with themselves
  options.notes = notes_of(settings, "dynamics over a sequence", text.about, seed);
  options.notes.emplace_back("sequences", kind);
  options.notes.emplace_back("repeated_after", std::to_string(scale.turn));
  return options;
}

/// Trains a language model from a seed, and compares its steps before and after.
findings::Numbers train(const Settings& settings, const Scale& scale,
                        const findings::WordText& text, std::uint64_t seed,
                        const std::filesystem::path& folder, const findings::StepsDone& done) {
  findings::LanguageTrainer trainer({.vocabulary = static_cast<std::int64_t>(text.vocabulary),
                                     .width = scale.width,
                                     .layers = scale.layers},
                                    {.epochs = scale.epochs, .seed = seed}, text.train);
  const torch::Tensor of_text = findings::sequences_of(text.held_out, scale.sequences, scale.steps);
  std::vector<std::unique_ptr<livecca::Monitor>> monitors;
  for (const std::string& kind : kinds) {
    monitors.push_back(std::make_unique<livecca::Monitor>(
        options_of(settings, scale, text, kind, seed, folder / kind)));
  }
  const auto compare = [&](std::int64_t epoch) {
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
      compare_steps(*monitors[kind], epoch, trainer.model(),
                    sequences_of(kinds[kind], of_text, scale.turn));
    }
  };
  compare(0);
  for (std::int64_t epoch = 1; epoch <= scale.epochs; ++epoch) {
    trainer.train_epoch();
    done(static_cast<double>(epoch));
  }
  compare(scale.epochs);
  for (const auto& monitor : monitors) monitor->finish();
  return {{"perplexity", findings::perplexity(trainer.model(), text.held_out)}};
}

void run(const Settings& settings) {
  const Scale& scale = scale_of(scales, settings);
  const findings::WordText text = findings::word_text(
      settings, {.vocabulary = scale.vocabulary,
                 .train_words = scale.words,
                 .held_out_words = static_cast<std::size_t>(scale.sequences * scale.steps),
                 .least_words = static_cast<std::size_t>(scale.sequences * scale.steps / 4)});
  const std::int64_t sequences =
      findings::sequences_of(text.held_out, scale.sequences, scale.steps).size(0);
  const std::string about = text.about + "; " + std::to_string(scale.layers) + " LSTMs of width " +
                            std::to_string(scale.width) + ", " + std::to_string(scale.epochs) +
                            " epochs; " + std::to_string(sequences) + " sequences of " +
                            std::to_string(scale.steps) + " words";
  findings::run_language_models(settings, about, scale.networks, scale.epochs,
                                [&](std::uint64_t seed, const std::filesystem::path& folder,
                                    const findings::StepsDone& done) {
                                  return train(settings, scale, text, seed, folder, done);
                                });
}

}  // namespace

int main(int argument_count, char** arguments) {
  findings::start_again_for_small_products(arguments);
  return findings::run_program(
      argument_count, arguments,
      {.name = "sequence_dynamics",
       .about =
           "The distance of an LSTM's hidden state at each step of a sequence to each other step.",
       .run = run});
}
