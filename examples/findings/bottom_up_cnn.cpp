// In which order do the layers of a convolutional network come to be what they are at the end?
// Raghu et al. 2017 and Morcos et al. 2018 found that layers near the input do first: their
// distance to their own final state falls soonest.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "image_networks.hpp"
#include "kept_runs.hpp"
#include "quiet_waiting.hpp"
#include "watched_network.hpp"

namespace {

using findings::Settings;

struct Scale {
  std::int64_t width;
  std::size_t images;
  std::int64_t probe;
  std::int64_t epochs;
  int networks;
};

const std::map<std::string, Scale> scales{
    {"tiny", {.width = 4, .images = 256, .probe = 100, .epochs = 2, .networks = 1}},
    {"small", {.width = 16, .images = 10000, .probe = 1000, .epochs = 12, .networks = 3}},
    {"paper", {.width = 64, .images = 50000, .probe = 5000, .epochs = 100, .networks = 5}}};

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  const auto train = [&](std::uint64_t seed, const std::filesystem::path& folder,
                         const findings::StepsDone& done) {
    const findings::WatchedTraining training{
        .network = {.width = scale.width},
        .training = {.epochs = scale.epochs, .mirror = data.mirror, .seed = seed},
        .probe = scale.probe,
        .notes = notes_of(settings, "bottom-up convergence of a CNN", data.text, seed)};
    return train_watched(training, data.train, data.test, folder, done);
  };
  const std::string about = data.text + "; width " + std::to_string(scale.width) + ", " +
                            std::to_string(scale.epochs) + " epochs";
  const auto kept =
      make_runs(settings, about, runs_of_seeds(settings, scale.networks, scale.epochs, train));
  print_accuracies(kept);
  findings::print_end(settings, kept);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(argument_count, arguments,
                               {.name = "bottom_up_cnn",
                                .about = "The distance of each layer of a convolutional network to "
                                         "its own final state, by epoch.",
                                .run = run});
}
