// Watches a made-up training with a real monitor and this sink: watch_run FOLDER
// The run is saved, goes on, is left off and taken up again from where it was saved, and finished.
#include <Eigen/Core>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/tensorboard.hpp"

namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return normal(generator); });
}

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
  const unsigned seed = stream == livecca::Stream::probe ? 1 : 100 + static_cast<unsigned>(epoch);
  const Eigen::MatrixXd other = random_matrix(400, 8, seed);
  const Eigen::MatrixXd noise = random_matrix(400, 8, seed + 1000);
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
    monitor.save(checkpoint);
    train(monitor, 4, 6);  // comes once more
  }
  livecca::Monitor monitor(options_of(folder), checkpoint);
  train(monitor, 4, 9);
  monitor.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: watch_run FOLDER (a new one)\n";
    return 2;
  }
  try {
    watch(argv[1]);
  } catch (const std::exception& failure) {
    std::cerr << "watch_run: " << failure.what() << '\n';
    return 1;
  }
}
