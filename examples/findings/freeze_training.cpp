// What does it cost to freeze layers while training goes on? Raghu et al. 2017 froze the layers of
// a network from the input upwards, each at a time set beforehand. Here it is also done when
// livecca's monitor says that a layer is settled: in this training, or in one without freezing.

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "freezing.hpp"
#include "image_networks.hpp"
#include "kept_runs.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "probe.hpp"
#include "quiet_waiting.hpp"

namespace {

namespace fs = std::filesystem;
using findings::Settings;
using live_training::Network;

struct Scale {
  std::int64_t width;
  std::size_t images;
  std::int64_t probe;
  std::int64_t epochs;
  int networks;  ///< for each way to freeze
};

const Scale small{.width = 16, .images = 5000, .probe = 1000, .epochs = 12, .networks = 4};

Scale with_epochs(Scale scale, std::int64_t epochs) {
  scale.epochs = epochs;
  return scale;
}

const std::map<std::string, Scale> scales{
    {"tiny", {.width = 4, .images = 256, .probe = 100, .epochs = 2, .networks = 1}},
    {"small", small},
    {"more", with_epochs(small, 36)},
    {"paper", {.width = 64, .images = 50000, .probe = 5000, .epochs = 100, .networks = 10}}};

/// Verdicts begin with the seventh snapshot, so there are several an epoch.
constexpr std::size_t snapshots_an_epoch = 4;

enum class When : std::uint8_t { never, schedule, settled, settled_in_first_run };

/// A way to freeze.
struct Way {
  std::string name;
  When when;
  double tolerance = 0.05;  ///< of the verdict: livecca's own unless it is said
};

const std::vector<Way> ways{{.name = "none", .when = When::never},
                            {.name = "schedule", .when = When::schedule},
                            {.name = "settled", .when = When::settled},
                            {.name = "settled_0.1", .when = When::settled, .tolerance = 0.1},
                            {.name = "first_run", .when = When::settled_in_first_run}};

/// The training steps after which layers had the verdict `settled`.
using Settled = std::set<std::pair<std::uint64_t, std::string>>;

void add(const livecca::VerdictRow& row, Settled& settled) {
  if (row.verdict == "settled") settled.emplace(row.step, row.layer);
}

Settled settled_in(const fs::path& run_folder) {
  Settled settled;
  const auto take = [&](livecca::RowLine&& line) {
    if (const auto* row = std::get_if<livecca::VerdictRow>(&line.row)) add(*row, settled);
  };
  auto reader = livecca::RowsReader::open(run_folder);
  if (!reader) throw std::runtime_error(reader.why());
  const auto read = reader->read(take, [&] { settled.clear(); });
  if (!read) throw std::runtime_error(read.why());
  return settled;
}

/// One training in which layers are frozen.
class FreezeTraining {
 public:
  /// `settled` is of the run without freezing, for the way that needs it.
  FreezeTraining(const Way& way, const Scale& scale, std::uint64_t seed, Settled settled,
                 const findings::ImageData& data, livecca::Monitor& monitor)
      : way_(way),
        settled_(std::move(settled)),
        scale_(scale),
        data_(data),
        monitor_(monitor),
        trainer_({.width = scale.width},
                 {.epochs = scale.epochs, .mirror = data.mirror, .seed = seed}, data.train),
        layers_(trainer_.network()),
        probe_(data.test, scale.probe),
        unfrozen_(layers_.backward_multiply_adds()) {}

  findings::Numbers run(const findings::StepsDone& done) {
    watch(0);
    for (std::int64_t epoch = 1; epoch <= scale_.epochs; ++epoch) {
      train_epoch(epoch);
      numbers_["test_accuracy"] = live_training::accuracy(trainer_.network(), data_.test);
      numbers_["backward_saved"] = saved_ / static_cast<double>(steps_);
      numbers_["processor_seconds"] = seconds_;
      for (const auto& [name, value] : numbers_) monitor_.log(epoch, name, value);
      done(static_cast<double>(epoch));
    }
    numbers_["train_accuracy"] = live_training::accuracy(trainer_.network(), data_.train);
    return numbers_;
  }

 private:
  void train_epoch(std::int64_t epoch) {
    std::clock_t begun = std::clock();
    trainer_.train_epoch(
        [&](std::size_t batch, std::size_t batches, double loss) {
          seconds_ += static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
          ++steps_;
          saved_ += 1 - static_cast<double>(layers_.backward_multiply_adds()) /
                            static_cast<double>(unfrozen_);
          const auto snapshots = [&](std::size_t n) { return n * snapshots_an_epoch / batches; };
          if (snapshots(batch) > snapshots(batch - 1)) {
            epochs_done_ = static_cast<double>(epoch - 1) +
                           static_cast<double>(batch) / static_cast<double>(batches);
            monitor_.log(epoch, "loss", loss);
            watch(epoch);
          }
          begun = std::clock();
        },
        [&](Network& network, const torch::Tensor& images) {
          layers_.hold();
          monitor_.training_step(epoch);
          return network->forward(images);
        });
  }

  /// Takes a snapshot, and freezes what is to be frozen now.
  void watch(std::int64_t epoch) {
    Network none = nullptr;
    monitor_.log(epoch, "learning_rate", trainer_.learning_rate());
    probe_.run(monitor_, epoch, trainer_.network(), none);
    const livecca::SnapshotReport report = monitor_.snapshot(epoch).wait();
    if (way_.when == When::settled) {
      for (const livecca::VerdictRow& row : report.verdicts) add(row, settled_);
    }
    while (!layers_.next().empty() && is_time_for(layers_.next(), report.step)) {
      numbers_[layers_.next() + "_frozen_at_epoch"] = epochs_done_;
      layers_.freeze_next();
    }
    monitor_.log(epoch, "frozen_layers", static_cast<double>(layers_.frozen()));
  }

  bool is_time_for(const std::string& layer, std::uint64_t step) const {
    if (way_.when == When::schedule) {
      // Evenly over the training. Five layers: conv1 after a fifth of it, and so on.
      const auto parts = static_cast<double>(live_training::layer_names({}).size());
      const double share = epochs_done_ / static_cast<double>(scale_.epochs);
      return share * parts >= static_cast<double>(layers_.frozen() + 1) - 1e-9;
    }
    return settled_.contains({step, layer});
  }

  const Way& way_;
  Settled settled_;
  const Scale& scale_;
  const findings::ImageData& data_;
  livecca::Monitor& monitor_;
  live_training::Trainer trainer_;
  findings::LayersFromBelow layers_;
  live_training::Probe probe_;
  std::int64_t unfrozen_;  ///< multiply-adds of a backward pass through all layers
  std::int64_t steps_ = 0;
  double epochs_done_ = 0;
  double saved_ = 0;  ///< the sum over steps of the share of the backward pass that was saved
  double seconds_ = 0;
  findings::Numbers numbers_;
};

findings::Run run_of(const Way& way, const Settings& settings, std::uint64_t seed,
                     const findings::ImageData& data) {
  const Scale& scale = scale_of(scales, settings);
  const fs::path first_run = settings.run / (ways.front().name + "_seed_" + std::to_string(seed));
  return {
      .name = way.name + "_seed_" + std::to_string(seed),
      .steps = static_cast<double>(scale.epochs),
      .make = [=, &way, &scale, &data](const fs::path& folder, const findings::StepsDone& done) {
        livecca::MonitorOptions options;
        options.run_directory = folder;
        options.network = live_training::trained_name;
        options.measures = {"pwcca"};
        options.verdicts.tolerance = way.tolerance;
        // What is frozen must not depend on how busy the machine is.
        options.synchronous = true;
        options.notes = notes_of(settings, "freeze training", data.text, seed);
        options.notes.emplace_back("freezes", way.name);
        livecca::Monitor monitor(options);
        Settled settled;
        if (way.when == When::settled_in_first_run) settled = settled_in(first_run);
        auto numbers =
            FreezeTraining(way, scale, seed, std::move(settled), data, monitor).run(done);
        monitor.finish();
        return numbers;
      }};
}

void run(const Settings& settings) {
  findings::use_all_cores();
  const Scale& scale = scale_of(scales, settings);
  const findings::ImageData data = findings::image_data(settings, scale.images);
  std::vector<findings::Run> runs;
  for (int network = 0; network < scale.networks; ++network) {
    const std::uint64_t seed = settings.seed + static_cast<std::uint64_t>(network);
    for (const Way& way : ways) runs.push_back(run_of(way, settings, seed, data));
  }
  const std::string about = data.text + "; width " + std::to_string(scale.width) + ", " +
                            std::to_string(scale.epochs) + " epochs, " +
                            std::to_string(snapshots_an_epoch) + " snapshots an epoch";
  const auto kept = findings::make_runs(settings, about, runs);
  std::printf("\n%-20s%15s%17s\n", "network", "test accuracy", "backward saved");
  for (const findings::KeptRun& one : kept) {
    std::printf("%-20s%13.1f %%%15.1f %%\n", one.name.c_str(),
                100 * one.numbers.at("test_accuracy"), 100 * one.numbers.at("backward_saved"));
  }
  findings::print_end(settings, kept);
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  return findings::run_program(
      argument_count, arguments,
      {.name = "freeze_training",
       .about = "Layers frozen when they are settled: accuracy against backward computation saved.",
       .run = run});
}
