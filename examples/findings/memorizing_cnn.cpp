// Are networks that generalize more like each other than networks that memorize? Morcos et al. 2018
// found that they are, in the later layers. Some networks are trained on the true labels, as many
// on labels that were shuffled once, so that there is nothing to learn but the images themselves.

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "groups.hpp"
#include "image_networks.hpp"
#include "kept_runs.hpp"
#include "quiet_waiting.hpp"
#include "watched_network.hpp"

namespace {

using findings::Settings;
using live_training::TensorSet;

struct Scale {
  std::int64_t width;
  std::size_t images;
  std::int64_t probe;
  std::int64_t most_epochs;
  int networks;  ///< of each kind
};

const std::map<std::string, Scale> scales{
    {"tiny", {.width = 4, .images = 128, .probe = 100, .most_epochs = 2, .networks = 2}},
    {"small", {.width = 16, .images = 2000, .probe = 1000, .most_epochs = 200, .networks = 5}},
    {"paper", {.width = 64, .images = 50000, .probe = 5000, .most_epochs = 200, .networks = 5}}};

/// A network is watched after so many epochs, and its training ends when it knows its images.
constexpr std::int64_t watch_every = 4;
constexpr double enough_accuracy = 0.999;

const std::vector<std::string> kinds{"generalizing", "memorizing"};

/// The same images and as many of each label, but in another order.
TensorSet with_shuffled_labels(const TensorSet& images, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  const torch::Tensor order = torch::randperm(images.size(), generator, torch::kLong);
  return {.images = images.images,
          .labels = images.labels.index_select(0, order.to(images.labels.device()))};
}

findings::WatchedTraining training_of(const Settings& settings, const Scale& scale,
                                      const std::string& kind, const std::string& data,
                                      std::uint64_t seed) {
  findings::Notes notes = notes_of(settings, "memorizing and generalizing CNNs", data, seed);
  notes.emplace_back("labels", kind == "memorizing" ? "shuffled" : "true");
  // Weight decay works against memorizing, and mirrored images would be more to memorize.
  return {.network = {.width = scale.width, .tap_softmax = true},
          .training = {.epochs = scale.most_epochs, .weight_decay = 0, .seed = seed},
          .probe = scale.probe,
          .watch_every = watch_every,
          .enough_accuracy = enough_accuracy,
          .training_probe = scale.probe,
          .notes = notes};
}

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  const TensorSet shuffled = with_shuffled_labels(data.train, settings.seed);
  std::vector<findings::Run> runs;
  std::uint64_t seed = settings.seed;  // each network has its own
  for (const std::string& kind : kinds) {
    for (int network = 0; network < scale.networks; ++network, ++seed) {
      const auto training = training_of(settings, scale, kind, data.text, seed);
      const TensorSet& images = kind == "memorizing" ? shuffled : data.train;
      runs.push_back(run_of(kind + "_" + std::to_string(seed), training, images, data.test));
    }
  }
  const std::string about = data.text + "; width " + std::to_string(scale.width) + ", at most " +
                            std::to_string(scale.most_epochs) +
                            " epochs; labels shuffled once for all, seed " +
                            std::to_string(settings.seed);
  const auto kept = findings::make_runs(settings, about, runs);
  findings::print_networks(kept);
  // On images that no network was trained on, and on images that all were.
  write_groups(settings.run / "groups_test_images.json", groups_of(kept, kinds));
  write_groups(settings.run / "groups_training_images.json",
               groups_of(kept, kinds, findings::last_state_on_training_images));
  findings::print_end(settings, kept);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(argument_count, arguments,
                               {.name = "memorizing_cnn",
                                .about = "Networks trained on true labels and on shuffled ones: "
                                         "how far they are from each other.",
                                .run = run});
}
