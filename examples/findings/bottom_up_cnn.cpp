// In which order do the layers of a convolutional network come to be what they are at the end?
// Raghu et al. 2017 and Morcos et al. 2018 found that layers near the input do first: their
// distance to their own final state falls soonest.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "image_networks.hpp"
#include "livecca/monitor/monitor.hpp"
#include "probe.hpp"
#include "quiet_waiting.hpp"

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

/// What is kept of a network whose run is whole, beside its folder.
struct Done {
  double accuracy = 0;
  double seconds = 0;  ///< that it took

  static std::optional<Done> of(const std::filesystem::path& folder) {
    std::ifstream file(folder.string() + ".txt");
    Done done;
    if (!(file >> done.accuracy >> done.seconds)) return std::nullopt;
    return done;
  }
  void keep(const std::filesystem::path& folder) const {
    std::ofstream(folder.string() + ".txt") << accuracy << ' ' << seconds << '\n';
  }
};

/// Trains a network that the monitor watches, from a seed; returns its accuracy.
double train(const Settings& settings, const Scale& scale, const findings::ImageData& data,
             std::uint64_t seed, const std::filesystem::path& folder, findings::Progress& progress,
             double epochs_before) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.network = live_training::trained_name;
  options.measures = {"pwcca"};
  options.notes = {{"finding", "bottom-up convergence of a CNN"},
                   {"data", data.text},
                   {"scale", settings.scale},
                   {"seed", std::to_string(seed)}};
  livecca::Monitor monitor(options);
  live_training::TrainingOptions training;
  training.epochs = scale.epochs;
  training.mirror = data.mirror;
  training.seed = seed;
  live_training::Trainer trainer({.width = scale.width}, training, data.train);
  live_training::Probe probe(data.test, scale.probe);
  live_training::Network none = nullptr;
  double accuracy = 0;
  for (std::int64_t epoch = 0; epoch <= scale.epochs; ++epoch) {
    if (epoch > 0) {
      const double loss = trainer.train_epoch([](std::size_t, std::size_t, double) {});
      accuracy = live_training::accuracy(trainer.network(), data.test);
      monitor.log(epoch, "loss", loss);
      monitor.log(epoch, "test_accuracy", accuracy);
      progress.done("seed " + std::to_string(seed) + ", epoch " + std::to_string(epoch),
                    epochs_before + static_cast<double>(epoch));
    }
    probe.run(monitor, epoch, trainer.network(), none);
    monitor.snapshot(epoch);
  }
  monitor.finish();
  return accuracy;
}

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scales.at(settings.scale);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  std::filesystem::create_directories(settings.run);
  std::printf("%s; width %lld, %lld epochs\n", data.text.c_str(),
              static_cast<long long>(scale.width), static_cast<long long>(scale.epochs));
  const auto seed_of = [&](int network) {
    return settings.seed + static_cast<std::uint64_t>(network);
  };
  const auto folder_of = [&](int network) {
    return settings.run / ("seed_" + std::to_string(seed_of(network)));
  };
  int missing = 0;
  for (int network = 0; network < scale.networks; ++network)
    missing += Done::of(folder_of(network)) ? 0 : 1;
  double seconds = 0;
  {
    findings::Progress progress(static_cast<double>(missing * scale.epochs));
    double epochs_done = 0;
    for (int network = 0; network < scale.networks; ++network) {
      auto done = Done::of(folder_of(network));
      if (!done) {
        std::filesystem::remove_all(folder_of(network));  // it was interrupted
        const double begun = progress.seconds();
        done = Done{};
        done->accuracy = train(settings, scale, data, seed_of(network), folder_of(network),
                               progress, epochs_done);
        done->seconds = progress.seconds() - begun;
        done->keep(folder_of(network));
        epochs_done += static_cast<double>(scale.epochs);
      }
      seconds += done->seconds;
      std::printf("seed %llu: test accuracy %.1f %%\n",
                  static_cast<unsigned long long>(seed_of(network)), 100 * done->accuracy);
    }
  }
  std::printf("\n%.0f s. Run folder: %s\n", seconds, settings.run.c_str());
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  Settings settings;
  const auto code = findings::read_command_line(
      argument_count, arguments,
      "The distance of each layer of a convolutional network to its own final state, by epoch.",
      true, settings);
  return code ? *code : findings::run_finding("bottom_up_cnn", settings, run);
}
