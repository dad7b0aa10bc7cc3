// What becomes of one network under many learning rates? Morcos et al. 2018 found clusters:
// networks that do about as well as each other, but whose representations differ.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "groups.hpp"
#include "image_networks.hpp"
#include "quiet_waiting.hpp"
#include "watched_network.hpp"

namespace {

using findings::Settings;

struct Scale {
  std::int64_t width;
  std::vector<double> rates;
  std::size_t images;
  std::int64_t probe;
  std::int64_t epochs;
  int networks;  ///< of each rate, with other initial weights
};

/// Each rate is twice the one before.
const std::vector<double> all_rates{0.001, 0.002, 0.004, 0.008, 0.016,
                                    0.032, 0.064, 0.128, 0.256, 0.512};

const Scale small{
    .width = 16, .rates = all_rates, .images = 5000, .probe = 1000, .epochs = 8, .networks = 2};

Scale with_networks(Scale scale, int networks) {
  scale.networks = networks;
  return scale;
}

const std::map<std::string, Scale> scales{
    {"tiny",
     {.width = 4, .rates = {0.001, 0.1}, .images = 128, .probe = 100, .epochs = 1, .networks = 2}},
    {"small", small},
    {"more", with_networks(small, 6)},
    {"paper",
     {.width = 64,
      .rates = all_rates,
      .images = 50000,
      .probe = 5000,
      .epochs = 100,
      .networks = 20}}};

std::string group_of(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "rate_%g", rate);
  return text;
}

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  std::vector<findings::Run> runs;
  std::vector<std::string> groups;
  for (const double rate : scale.rates) {
    groups.push_back(group_of(rate));
    for (int network = 0; network < scale.networks; ++network) {
      // The networks of a seed are the same before training, under every rate.
      const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(network);
      const findings::WatchedTraining training{
          .network = {.width = scale.width},
          .training = {.epochs = scale.epochs,
                       .learning_rate = rate,
                       .mirror = data.mirror,
                       .seed = seed},
          .probe = scale.probe,
          .watch_every = 2,
          .notes = notes_of(settings, "learning rates", data.text, seed)};
      runs.push_back(
          run_of(groups.back() + "_seed_" + std::to_string(seed), training, data.train, data.test));
    }
  }
  const std::string about = data.text + "; width " + std::to_string(scale.width) + ", " +
                            std::to_string(scale.epochs) + " epochs, " +
                            std::to_string(scale.networks) + " networks of each learning rate";
  run_groups(settings, about, runs, groups);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(
      argument_count, arguments,
      {.name = "learning_rates_cnn",
       .about = "Identical networks under many learning rates: how far they are from each other.",
       .run = run});
}
