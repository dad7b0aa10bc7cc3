#include "watched_network.hpp"

#include <stdexcept>

#include "livecca/monitor/monitor.hpp"
#include "probe.hpp"

namespace findings {
namespace {

namespace fs = std::filesystem;

livecca::MonitorOptions monitor_options(const WatchedTraining& options, const fs::path& folder) {
  livecca::MonitorOptions monitor;
  monitor.run_directory = folder;
  monitor.network = live_training::trained_name;
  monitor.measures = {"pwcca"};
  monitor.notes = options.notes;
  return monitor;
}

void record_on(const live_training::TensorSet& images, std::int64_t count, const fs::path& file,
               std::int64_t epoch, live_training::Network& network) {
  const auto recorded = live_training::Probe(images, count).record(file, epoch, network);
  if (!recorded) throw std::runtime_error(recorded.why());
}

}  // namespace

Numbers train_watched(const WatchedTraining& options, const live_training::TensorSet& train,
                      const live_training::TensorSet& test, const fs::path& folder,
                      const StepsDone& done) {
  livecca::Monitor monitor(monitor_options(options, folder));
  live_training::Trainer trainer(options.network, options.training, train);
  live_training::Probe probe(test, options.probe);
  live_training::Network none = nullptr;
  Numbers numbers;
  bool is_last = false;
  for (std::int64_t epoch = 0; !is_last; ++epoch) {
    if (epoch > 0) {
      numbers["train_loss"] = trainer.train_epoch([](std::size_t, std::size_t, double) {});
      monitor.log(epoch, "loss", numbers["train_loss"]);
      done(static_cast<double>(epoch));
    }
    is_last = epoch == options.training.epochs;
    if (!is_last && epoch % options.watch_every != 0) continue;
    if (is_last || options.enough_accuracy <= 1) {
      numbers["train_accuracy"] = live_training::accuracy(trainer.network(), train);
      monitor.log(epoch, "train_accuracy", numbers["train_accuracy"]);
      is_last = is_last || numbers["train_accuracy"] >= options.enough_accuracy;
    }
    numbers["epochs"] = static_cast<double>(epoch);
    numbers["test_accuracy"] = live_training::accuracy(trainer.network(), test);
    monitor.log(epoch, "test_accuracy", numbers["test_accuracy"]);
    probe.run(monitor, epoch, trainer.network(), none);
    monitor.snapshot(epoch);
  }
  monitor.finish();
  if (options.training_probe > 0) {
    record_on(train, options.training_probe, last_state_on_training_images(folder),
              static_cast<std::int64_t>(numbers["epochs"]), trainer.network());
  }
  return numbers;
}

Run run_of(const std::string& name, const WatchedTraining& options,
           const live_training::TensorSet& train, const live_training::TensorSet& test) {
  return {.name = name,
          .steps = static_cast<double>(options.training.epochs),
          .make = [=, &train, &test](const fs::path& folder, const StepsDone& done) {
            return train_watched(options, train, test, folder, done);
          }};
}

fs::path last_state_on_training_images(const fs::path& run_folder) {
  return run_folder / "last_on_training_images.safetensors";
}

}  // namespace findings
