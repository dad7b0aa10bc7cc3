// Do wider networks come to more similar solutions? Morcos et al. 2018 found that networks of the
// same width are nearer to each other at the end of training, the wider they are.

#include <cstdint>
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
  std::vector<std::int64_t> widths;
  std::size_t images;
  std::int64_t probe;
  std::int64_t epochs;
  int networks;  ///< of each width
};

const std::map<std::string, Scale> scales{
    {"tiny", {.widths = {2, 4}, .images = 128, .probe = 100, .epochs = 1, .networks = 2}},
    {"small",
     {.widths = {4, 8, 16, 32}, .images = 5000, .probe = 1000, .epochs = 8, .networks = 4}},
    {"paper",
     {.widths = {16, 32, 64, 128, 256},
      .images = 50000,
      .probe = 5000,
      .epochs = 100,
      .networks = 5}}};

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  std::vector<findings::Run> runs;
  std::vector<std::string> groups;
  std::uint64_t seed = settings.seed;  // each network has its own
  for (const std::int64_t width : scale.widths) {
    groups.push_back("width_" + std::to_string(width));
    for (int network = 0; network < scale.networks; ++network, ++seed) {
      const findings::WatchedTraining training{
          .network = {.width = width},
          .training = {.epochs = scale.epochs, .mirror = data.mirror, .seed = seed},
          .probe = scale.probe,
          .watch_every = 2,
          .notes = notes_of(settings, "width", data.text, seed)};
      runs.push_back(
          run_of(groups.back() + "_seed_" + std::to_string(seed), training, data.train, data.test));
    }
  }
  const std::string about = data.text + "; widths " + std::to_string(scale.widths.front()) +
                            " to " + std::to_string(scale.widths.back()) + ", " +
                            std::to_string(scale.epochs) + " epochs, " +
                            std::to_string(scale.networks) + " networks of each width";
  run_groups(settings, about, runs, groups);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(
      argument_count, arguments,
      {.name = "width_cnn",
       .about = "Networks of several widths: how far those of one width are from each other.",
       .run = run});
}
