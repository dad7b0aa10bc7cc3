// In which order do the layers of a recurrent network come to be what they are at the end? Morcos,
// Raghu, Bengio 2018 found that layers near the input do first, in LSTM language models as in
// convolutional networks.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "cores.hpp"
#include "language_model.hpp"
#include "language_runs.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca_libtorch/probe.hpp"
#include "word_text.hpp"

namespace {

using findings::Settings;

struct Scale {
  std::size_t vocabulary;
  std::size_t words;  ///< of the training text, at most
  std::int64_t width;
  std::int64_t sequences;  ///< of the probe
  std::int64_t epochs;
  int networks;
};

const Scale small{.vocabulary = 2000,
                  .words = 250000,
                  .width = 100,
                  .sequences = 1500,
                  .epochs = 10,
                  .networks = 3};

Scale with_epochs(Scale scale, std::int64_t epochs) {
  scale.epochs = epochs;
  return scale;
}

const std::map<std::string, Scale> scales{
    {"tiny",
     {.vocabulary = 50, .words = 4000, .width = 8, .sequences = 50, .epochs = 2, .networks = 1}},
    {"small", small},
    {"more", with_epochs(small, 20)},
    {"paper",
     {.vocabulary = 33278,
      .words = 2100000,
      .width = 1150,
      .sequences = 6000,
      .epochs = 100,
      .networks = 5}}};

constexpr std::int64_t steps = 35;  // words of a sequence of the probe

/// Trains a language model that the monitor watches, from a seed.
findings::Numbers train(const Settings& settings, const Scale& scale,
                        const findings::WordText& text, std::uint64_t seed,
                        const std::filesystem::path& folder, const findings::StepsDone& done) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.measures = {"pwcca"};
  options.positions = livecca::Positions::sampled(4);  // words of a sequence depend on one another
  options.notes = notes_of(settings, "bottom-up convergence of an LSTM", text.about, seed);
  livecca::Monitor monitor(options);
  findings::LanguageTrainer trainer(
      {.vocabulary = static_cast<std::int64_t>(text.vocabulary), .width = scale.width},
      {.epochs = scale.epochs, .seed = seed}, text.train);
  findings::LanguageModel& model = trainer.model();
  constexpr std::int64_t batch = 250;
  livecca::libtorch::Probe probe(
      monitor, findings::sequences_of(text.held_out, scale.sequences, steps).split(batch));
  const livecca::libtorch::Network watched(
      options.network, *model, [&](const torch::Tensor& words) { model->hidden(words); });
  for (std::int64_t epoch = 0; epoch <= scale.epochs; ++epoch) {
    if (epoch > 0) {
      monitor.log(epoch, "loss", trainer.train_epoch());
      done(static_cast<double>(epoch));
    }
    probe.run(epoch, {watched});
  }
  monitor.finish();
  return {{"perplexity", findings::perplexity(model, text.held_out)}};
}

void run(const Settings& settings) {
  const Scale& scale = scale_of(scales, settings);
  const findings::WordText text = findings::word_text(
      settings, {.vocabulary = scale.vocabulary,
                 .train_words = scale.words,
                 .held_out_words = static_cast<std::size_t>(scale.sequences * steps),
                 .least_words = static_cast<std::size_t>(scale.sequences * steps / 4)});
  const std::string about = text.about + "; 3 LSTMs of width " + std::to_string(scale.width) +
                            ", " + std::to_string(scale.epochs) + " epochs";
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
      {.name = "bottom_up_rnn",
       .about =
           "The distance of each layer of an LSTM language model to its own final state, by epoch.",
       .run = run});
}
