// A sink of your own: livecca gives it the rows of a run, and it prints a line a layer. The network
// that converges here is made of random matrices.

#include <Eigen/Core>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/error.hpp"
#include "livecca/monitor/monitor.hpp"

/// Prints each layer's distance to the reference, and the distance of unrelated data (noise).
class TerminalSink : public livecca::Sink {
 public:
  std::string name() const override { return "terminal"; }

  void snapshot(const livecca::SnapshotRows& rows, const livecca::RowStamp&) override {
    for (const livecca::MeasureRow& row : rows.measures) {
      if (row.reference != "seed7" || !row.value) continue;
      std::printf("epoch %2d  %-5s %.3f to %s (noise %.3f)\n", static_cast<int>(row.epoch),
                  row.layer.c_str(), *row.value, row.reference.c_str(),
                  row.noise_floor.value_or(1));
    }
    // After a throw livecca calls again with the same rows, so some lines may be printed twice.
    if (std::fflush(stdout) != 0) throw livecca::Error("expected the terminal to take a line");
  }
};

namespace {

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return normal(generator); });
}

void watch(const std::filesystem::path& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder;
  options.measures = {"pwcca"};
  options.sinks = {std::make_shared<TerminalSink>()};
  livecca::Monitor monitor(options);
  const auto conv1 = monitor.watch("net", "conv1", livecca::Layout::nc);
  const auto other = monitor.watch("seed7", "conv1", livecca::Layout::nc);
  const Eigen::MatrixXd converged = random_matrix(2000, 8, 1);
  const Eigen::MatrixXd initial = random_matrix(2000, 8, 2);
  for (int epoch = 0; epoch < 5; ++epoch) {
    const Eigen::MatrixXd activations = converged + initial / (1 << epoch);
    auto step = monitor.begin(livecca::Stream::probe, epoch);
    step.observe(conv1, livecca::view_of(activations));
    step.observe(other, livecca::view_of(converged));
    step.commit();
    monitor.snapshot(epoch);
  }
  monitor.finish();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: own_sink RUN_FOLDER (a new one)\n");
    return 2;
  }
  try {
    watch(argv[1]);
  } catch (const livecca::Error& problem) {
    std::fprintf(stderr, "own_sink: %s\n", problem.what());
    return 1;
  }
  return 0;
}
