// Watches a made-up training with a real monitor and this sink: watch_run FOLDER [--go-on EPOCHS]
// The run is saved, goes on, is left off and taken up again from where it was saved, and finished.
// With --go-on it is taken up from its last checkpoint, if it has one, and saved at every epoch.
#include <Eigen/Core>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "support/random_data.hpp"

namespace {

using livecca_tests::normal_matrix;

livecca::MonitorOptions options_of(const std::filesystem::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.measures = {"pwcca", "linear_cka"};
  options.compare_before = {1};
  options.sinks = {livecca::tensorboard_sink()};
  return options;
}

struct Taps {
  explicit Taps(livecca::Monitor& monitor)
      : conv1(monitor.watch("net", "conv1", livecca::Layout::nc)),
        fc(monitor.watch("net", "head/fc", livecca::Layout::nc)),
        other_conv1(monitor.watch("seed7", "conv1", livecca::Layout::nc)),
        other_fc(monitor.watch("seed7", "head/fc", livecca::Layout::nc)) {}

  livecca::TapHandle conv1, fc, other_conv1, other_fc;
};

void feed(livecca::Monitor& monitor, const Taps& taps, livecca::Stream stream, int epoch) {
  const auto seed = static_cast<std::uint64_t>(stream == livecca::Stream::probe ? 1 : 100 + epoch);
  const Eigen::MatrixXd other = normal_matrix(400, 8, seed);
  const Eigen::MatrixXd noise = normal_matrix(400, 8, seed + 1000);
  const Eigen::MatrixXd conv1 = other + noise * std::exp(-epoch);
  const Eigen::MatrixXd fc = other + noise * std::exp(-0.5 * epoch);
  auto step = monitor.begin(stream, epoch);
  step.observe(taps.conv1, livecca::view_of(conv1));
  step.observe(taps.fc, livecca::view_of(fc));
  step.observe(taps.other_conv1, livecca::view_of(other));
  step.observe(taps.other_fc, livecca::view_of(other));
  step.commit();
}

void train(livecca::Monitor& monitor, int first_epoch, int end) {
  const Taps taps(monitor);
  for (int epoch = first_epoch; epoch < end; ++epoch) {
    feed(monitor, taps, livecca::Stream::train, epoch);
    feed(monitor, taps, livecca::Stream::probe, epoch);
    monitor.snapshot(epoch).wait();
    monitor.log(epoch, "loss", std::exp(-epoch));
  }
}

void watch(const std::filesystem::path& folder) {
  const std::filesystem::path checkpoint = folder.string() + "-checkpoint";
  {
    livecca::Monitor monitor(options_of(folder));
    train(monitor, 0, 4);
    static_cast<void>(monitor.save(checkpoint));
    train(monitor, 4, 6);  // comes once more
  }
  livecca::Monitor monitor(options_of(folder), checkpoint);
  train(monitor, 4, 9);
  monitor.finish();
}

void go_on(const std::filesystem::path& folder, int end) {
  const std::filesystem::path latest = folder.string() + "-latest";
  const auto checkpoint_of = [&](int epoch) {
    return std::filesystem::path(folder.string() + "-checkpoint-" + std::to_string(epoch));
  };
  int saved = -1;
  if (std::ifstream file(latest); !(file >> saved)) {
    std::filesystem::remove_all(folder);  // killed before its first checkpoint
    saved = -1;
  }
  auto monitor = saved < 0
                     ? std::make_unique<livecca::Monitor>(options_of(folder))
                     : std::make_unique<livecca::Monitor>(options_of(folder), checkpoint_of(saved));
  for (int epoch = saved + 1; epoch < end; ++epoch) {
    train(*monitor, epoch, epoch + 1);
    if (!monitor->save(checkpoint_of(epoch))) throw std::runtime_error("expected a checkpoint");
    // At once: a process that is killed leaves the one before.
    std::ofstream(latest.string() + ".new") << epoch;
    std::filesystem::rename(latest.string() + ".new", latest);
    if (epoch > 1) std::filesystem::remove_all(checkpoint_of(epoch - 2));
  }
  monitor->finish();
}

}  // namespace

int main(int argc, char** argv) {
  const bool goes_on = argc == 4 && std::string(argv[2]) == "--go-on";
  if (argc != 2 && !goes_on) {
    std::cerr << "usage: watch_run FOLDER (a new one) [--go-on EPOCHS]\n";
    return 2;
  }
  try {
    if (goes_on) {
      go_on(argv[1], std::stoi(argv[3]));
    } else {
      watch(argv[1]);
    }
  } catch (const std::exception& failure) {
    std::cerr << "watch_run: " << failure.what() << '\n';
    return 1;
  }
}
