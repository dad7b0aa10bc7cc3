// Which layer holds which class, and since when? Raghu et al. 2017 compared the layers of a network
// with single classes. Here each class is a layer of one neuron, which is 1 on the images of the
// class and 0 on others, and livecca's monitor says how much of it a linear map of each layer
// explains.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image_networks.hpp"
#include "kept_runs.hpp"
#include "livecca/monitor/monitor.hpp"
#include "probe.hpp"
#include "quiet_waiting.hpp"

namespace {

namespace fs = std::filesystem;
using findings::Settings;
using live_training::TensorSet;

struct Scale {
  std::int64_t width;
  std::size_t images;
  std::int64_t probe;
  std::int64_t epochs;
  int networks;
};

const std::map<std::string, Scale> scales{
    {"tiny", {.width = 4, .images = 256, .probe = 500, .epochs = 1, .networks = 1}},
    {"small", {.width = 16, .images = 10000, .probe = 2000, .epochs = 12, .networks = 3}},
    {"paper", {.width = 64, .images = 50000, .probe = 10000, .epochs = 100, .networks = 5}}};

/// A convolution is compared as its means over the four quarters of the image. So its widest layer
/// has at least ten images for each feature.
constexpr std::int64_t cells_a_side = 2;

constexpr const char* classes_name = "classes";

/// Each class of a probe as a layer of one neuron.
class ClassIndicators {
 public:
  /// Watches them. The images and the monitor are borrowed.
  ClassIndicators(const TensorSet& images, const std::vector<std::string>& names,
                  livecca::Monitor& monitor)
      : labels_(images.labels.cpu()) {
    for (const std::string& name : names) {
      taps_.push_back(monitor.watch(classes_name, name, livecca::Layout::nc));
    }
  }

  void observe(livecca::Monitor::Step& step, std::int64_t first, std::int64_t last) const {
    const torch::Tensor labels = labels_.slice(0, first, last);
    for (std::size_t label = 0; label < taps_.size(); ++label) {
      const torch::Tensor indicator =
          labels.eq(static_cast<std::int64_t>(label)).to(torch::kFloat).unsqueeze(1);
      step.observe(taps_[label], livecca::libtorch::view_of(indicator));
    }
  }

 private:
  torch::Tensor labels_;
  std::vector<livecca::TapHandle> taps_;
};

livecca::MonitorOptions monitor_options(const fs::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.network = live_training::trained_name;
  // R² of a class, the other side, by the layer. A class has one neuron, so R² is also the square
  // of the only canonical correlation.
  options.measures = {"linreg_y_from_x"};
  options.pairing = livecca::Pairing::all();
  options.keep_history = false;
  return options;
}

findings::Numbers train(const Scale& scale, std::uint64_t seed, const findings::ImageData& data,
                        livecca::Monitor& monitor, const findings::StepsDone& done) {
  live_training::Trainer trainer({.width = scale.width, .tap_grid = cells_a_side},
                                 {.epochs = scale.epochs, .mirror = data.mirror, .seed = seed},
                                 data.train);
  live_training::Probe probe(data.test, scale.probe);
  const ClassIndicators classes(data.test, data.classes, monitor);
  live_training::Network none = nullptr;
  findings::Numbers numbers;
  for (std::int64_t epoch = 0; epoch <= scale.epochs; ++epoch) {
    if (epoch > 0) {
      monitor.log(epoch, "loss", trainer.train_epoch([](std::size_t, std::size_t, double) {}));
      done(static_cast<double>(epoch));
    }
    numbers["test_accuracy"] = live_training::accuracy(trainer.network(), data.test);
    monitor.log(epoch, "test_accuracy", numbers["test_accuracy"]);
    probe.run(monitor, epoch, trainer.network(), none,
              [&](livecca::Monitor::Step& step, std::int64_t first, std::int64_t last) {
                classes.observe(step, first, last);
              });
    monitor.snapshot(epoch);
  }
  monitor.finish();
  return numbers;
}

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  const auto train_and_watch = [&](std::uint64_t seed, const fs::path& folder,
                                   const findings::StepsDone& done) {
    livecca::MonitorOptions options = monitor_options(folder);
    options.notes = notes_of(settings, "class structure", data.text, seed);
    livecca::Monitor monitor(options);
    return train(scale, seed, data, monitor, done);
  };
  const std::string about = data.text + "; width " + std::to_string(scale.width) + ", " +
                            std::to_string(scale.epochs) + " epochs";
  const auto kept = make_runs(
      settings, about, runs_of_seeds(settings, scale.networks, scale.epochs, train_and_watch));
  print_accuracies(kept);
  findings::print_end(settings, kept);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(
      argument_count, arguments,
      {.name = "class_structure",
       .about = "How much of each class a linear map of each layer explains, by epoch.",
       .run = run});
}
