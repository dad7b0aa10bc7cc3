// What scrapes cost training: the same training goes on, and for some seconds Prometheus's part is
// played by another process that scrapes much more often than any would; then for as long by
// nobody. Read ratios, and the noise beside them.

#include <ATen/Parallel.h>
#include <spawn.h>
#include <sys/wait.h>
#include <livecca/sinks/prometheus.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "probe.hpp"
#include "quiet_waiting.hpp"
#include "synthetic_images.hpp"
#include "temporary_folder.hpp"
#include "text_table.hpp"
#include "train_stream.hpp"
#include "training.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace {

using live_training::decimals;
using Clock = std::chrono::steady_clock;

struct Settings {
  int pairs = 5;
  int seconds = 10;
  int rate = 200;
  int keep_alive = 1;
  int threads = 2;
  std::int64_t batch = 128;
  std::int64_t width = 32;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// scrape_load beside this process; it prints what it saw.
class Scraper {
 public:
  Scraper(int port, const Settings& settings) {
    // One connection, as Prometheus has.
    std::vector<std::string> words{LIVECCA_SCRAPE_LOAD,
                                   "--port",
                                   std::to_string(port),
                                   "--rate",
                                   std::to_string(settings.rate),
                                   "--seconds",
                                   std::to_string(settings.seconds),
                                   "--keep-alive",
                                   std::to_string(settings.keep_alive),
                                   "--clients",
                                   "1"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawn(&process_, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
      throw std::runtime_error(words[0] + ": expected to start it");
    }
  }
  /// Whether every scrape was answered whole.
  bool wait() const {
    int status = 0;
    return waitpid(process_, &status, 0) == process_ && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
  }

 private:
  pid_t process_ = 0;
};

/// A training whose train stream is watched, with a snapshot every so many steps.
class ScrapedTraining {
 public:
  ScrapedTraining(const Settings& settings, const std::filesystem::path& folder,
                  const live_training::TensorSet& images,
                  const live_training::NetworkOptions& network,
                  const live_training::TrainingOptions& options)
      : sink_(std::make_shared<livecca::PrometheusSink>(livecca::PrometheusOptions{.port = 0})),
        monitor_({.run_directory = folder / "run",
                  .network = live_training::trained_name,
                  .sinks = {sink_}}),
        stream_(monitor_, live_training::Network(network), true),
        trainer_(network, options, images),
        settings_(settings) {}

  int port() const { return sink_->port(); }

  /// Trains for some seconds; seconds a step, the median, as other programs' bursts meet few of the
  /// steps and scrapes meet all.
  double step_time() {
    const auto begin = Clock::now();
    auto last = begin;
    std::vector<double> steps;
    while (last - begin < std::chrono::seconds(settings_.seconds)) {
      trainer_.train_epoch(
          [&](std::size_t, std::size_t, double) {
            const auto now = Clock::now();
            steps.push_back(std::chrono::duration<double>(now - last).count());
            last = now;
          },
          [&](live_training::Network& network, const torch::Tensor& images) {
            return stream_.forward(epoch_, network, images);
          });
      monitor_.snapshot(epoch_++);
    }
    return median(steps);
  }

 private:
  std::shared_ptr<livecca::PrometheusSink> sink_;
  livecca::Monitor monitor_;
  live_training::TrainStream stream_;
  live_training::Trainer trainer_;
  Settings settings_;
  std::int64_t epoch_ = 0;
};

void print(const std::vector<double>& with, const std::vector<double>& without) {
  std::vector<double> cost;
  std::vector<double> noise;
  for (std::size_t i = 0; i < with.size(); ++i) {
    // Between two turns without, so that a drift of the machine's speed falls out.
    cost.push_back(100 * (with[i] / ((without[i] + without[i + 1]) / 2) - 1));
    noise.push_back(100 * (without[i + 1] / without[i] - 1));
  }
  const auto row = [](const std::string& what, const std::vector<double>& percent) {
    std::cout << what << decimals(median(percent), 2) << " % ["
              << decimals(*std::ranges::min_element(percent), 2) << ", "
              << decimals(*std::ranges::max_element(percent), 2) << "]\n";
  };
  std::cout << "A step takes " << decimals(1000 * median(without), 2)
            << " ms without scrapes. Median over " << with.size() << " pairs [lowest, highest]:\n";
  row("  with scrapes, beyond without: ", cost);
  row("  without, again (the noise):   ", noise);
}

/// Returns the exit status.
int measure(const Settings& settings) {
  at::set_num_threads(settings.threads);
  constexpr std::int64_t steps_a_snapshot = 20;
  const live_training::TensorSet images =
      live_training::to_tensors(live_training::make_synthetic_images(
          static_cast<std::size_t>(steps_a_snapshot * settings.batch), 2018));
  live_training::NetworkOptions network;
  network.width = settings.width;
  live_training::TrainingOptions options;
  options.batch_size = settings.batch;
  options.epochs = 1'000'000;
  const livecca_tests::TemporaryFolder folder;
  ScrapedTraining training(settings, folder.path(), images, network, options);
  training.step_time();  // warms up
  std::vector<double> without{training.step_time()};
  std::vector<double> with;
  bool all_whole = true;
  for (int pair = 0; pair < settings.pairs; ++pair) {
    const Scraper scraper(training.port(), settings);
    with.push_back(training.step_time());
    all_whole = scraper.wait() && all_whole;
    without.push_back(training.step_time());
  }
  print(with, without);
  if (!all_whole) std::cout << "Some scrapes FAILED, see above.\n";
  return all_whole ? 0 : 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  Settings settings;
  CLI::App app("Measures what scrapes of its metrics cost the example's training.");
  app.add_option("--pairs", settings.pairs, "turns with and without")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", settings.seconds, "of a turn")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--rate", settings.rate, "scrapes a second")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--keep-alive", settings.keep_alive, "0: a connection each")
      ->check(CLI::Range(0, 1))
      ->capture_default_str();
  app.add_option("--batch", settings.batch, "images a step")->capture_default_str();
  app.add_option("--threads", settings.threads, "threads of LibTorch")->capture_default_str();
  app.add_option("--width", settings.width, "of the network")->capture_default_str();
  CLI11_PARSE(app, argument_count, arguments);
  try {
    return measure(settings);
  } catch (const std::exception& problem) {
    std::cerr << "scrapes: " << problem.what() << '\n';
    return 1;
  }
}
