// Which measure sees a structure that two layers share when noise grows around it? Both sides hold
// the same signal in some directions, each turned its own way, and noise of its own in all of them.
// Morcos, Raghu, Bengio 2018 (figure 2) found that the mean of all canonical correlations sees less
// and less of it, SVCCA does once it keeps directions of noise, and projection-weighted CCA hardly
// does.

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "settings.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using findings::Settings;

struct Scale {
  Index samples;
  Index neurons;
  Index shared;  ///< directions
  int draws;
};

const std::map<std::string, Scale> scales{
    {"tiny", {.samples = 800, .neurons = 40, .shared = 8, .draws = 2}},
    {"small", {.samples = 5000, .neurons = 100, .shared = 20, .draws = 10}},
    {"paper", {.samples = 20000, .neurons = 500, .shared = 100, .draws = 10}}};

/// Variances of the noise in each direction; those of the signal have 1.
const std::vector<double> noises{0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3};

const std::vector<std::string> measures{"mean_cca", "svcca", "pwcca"};

/// Independent normal numbers.
MatrixXd noise_of(Index rows, Index columns, std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&] { return normal(engine); });
}

/// The first `count` rows of a random rotation.
MatrixXd random_directions(Index count, Index neurons, std::mt19937_64& engine) {
  const MatrixXd square = noise_of(neurons, neurons, engine);
  const MatrixXd rotation = Eigen::HouseholderQR<MatrixXd>(square).householderQ();
  return rotation.topRows(count);
}

std::string layer_of(double noise) {
  char text[32];
  std::snprintf(text, sizeof text, "noise_%g", noise);
  return text;
}

/// What the shared directions are in truth: their correlation on endless data.
double truth_of(double noise) { return 1 / (1 + noise); }

/// One draw of both sides at all levels of noise, as minibatches.
void watch_draw(livecca::Monitor& monitor, const Scale& scale, int draw, std::uint64_t seed) {
  std::mt19937_64 engine(seed * 1000 + static_cast<std::uint64_t>(draw));
  const MatrixXd x_directions = random_directions(scale.shared, scale.neurons, engine);
  const MatrixXd y_directions = random_directions(scale.shared, scale.neurons, engine);
  constexpr Index batch = 500;
  for (Index first = 0; first < scale.samples; first += batch) {
    const Index count = std::min(batch, scale.samples - first);
    const MatrixXd signal = noise_of(count, scale.shared, engine);
    const MatrixXd x_noise = noise_of(count, scale.neurons, engine);
    const MatrixXd y_noise = noise_of(count, scale.neurons, engine);
    auto step = monitor.begin(livecca::Stream::probe, draw);
    for (const double noise : noises) {
      const MatrixXd x = signal * x_directions + std::sqrt(noise) * x_noise;
      const MatrixXd y = signal * y_directions + std::sqrt(noise) * y_noise;
      step.observe(monitor.watch("x", layer_of(noise), livecca::Layout::nc), livecca::view_of(x));
      step.observe(monitor.watch("y", layer_of(noise), livecca::Layout::nc), livecca::view_of(y));
    }
    step.commit();
  }
}

/// Similarities by layer and measure, in the mean over draws.
class Table {
 public:
  void add(const livecca::SnapshotReport& report) {
    ++draws_;
    for (const livecca::MeasureRow& row : report.measures) {
      if (row.value) sums_[{row.layer, row.measure}] += 1 - *row.value;
    }
  }
  void print() const {
    std::printf("\n%-14s%10s", "noise", "in truth");
    for (const std::string& measure : measures) std::printf("%10s", measure.c_str());
    std::printf("\n");
    for (const double noise : noises) {
      std::printf("%-14g%10.3f", noise, truth_of(noise));
      for (const std::string& measure : measures) {
        std::printf("%10.3f", sums_.at({layer_of(noise), measure + "_distance"}) / draws_);
      }
      std::printf("\n");
    }
  }

 private:
  std::map<std::pair<std::string, std::string>, double> sums_;
  int draws_ = 0;
};

void run(const Settings& settings) {
  const Scale& scale = scale_of(scales, settings);
  livecca::MonitorOptions options;
  options.run_directory = settings.run;
  options.network = "x";
  options.measures = measures;
  options.keep_history = false;  // draws are no steps of one training
  options.notes = notes_of(settings, "signal and noise", "made here", settings.seed);
  livecca::Monitor monitor(options);
  Table table;
  double seconds = 0;
  {
    findings::Progress progress(scale.draws);
    for (int draw = 0; draw < scale.draws; ++draw) {
      watch_draw(monitor, scale, draw, settings.seed);
      table.add(monitor.snapshot(draw).wait());
      progress.done("draw " + std::to_string(draw + 1), draw + 1);
    }
    monitor.finish();
    seconds = progress.seconds();
  }
  std::printf("%lld samples, %lld neurons, %lld shared directions, %d draws, seed %llu\n",
              static_cast<long long>(scale.samples), static_cast<long long>(scale.neurons),
              static_cast<long long>(scale.shared), scale.draws,
              static_cast<unsigned long long>(settings.seed));
  table.print();
  std::printf("\n%.1f s. Run folder: %s\n", seconds, settings.run.c_str());
}

}  // namespace

int main(int argument_count, char** arguments) {
  return findings::run_program(
      argument_count, arguments,
      {.name = "signal_and_noise",
       .about = "Mean CCA, SVCCA and PWCCA of two layers that share a signal, in growing noise.",
       .takes_data = false,
       .run = run});
}
