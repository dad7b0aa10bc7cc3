// What scrapes cost training: the same training goes on, and in turns of a second Prometheus's part
// is played by another process, which scrapes much more often than any would, or by nobody. Read
// the ratio, and the noise beside it.

#include <ATen/Parallel.h>
#include <spawn.h>
#include <sys/wait.h>
#include <livecca/sinks/prometheus.hpp>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "median.hpp"
#include "probe.hpp"
#include "quiet_waiting.hpp"
#include "support/temporary_folder.hpp"
#include "synthetic_images.hpp"
#include "text_table.hpp"
#include "train_stream.hpp"
#include "training.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace {

using live_training::decimals;
using Clock = std::chrono::steady_clock;

struct Settings {
  int seconds = 120;
  int rate = 200;
  int keep_alive = 1;
  int threads = 2;
  std::int64_t batch = 128;
  std::int64_t width = 32;
};

constexpr int turn_milliseconds = 1000;  ///< long against a step, short against the machine's moods

/// scrape_load beside this process; it prints what it saw.
class Scraper {
 public:
  Scraper(int port, const Settings& settings) {
    // One connection, as Prometheus has.
    std::vector<std::string> words{LIVECCA_SCRAPE_LOAD, "--clients", "1"};
    const auto add = [&](const char* name, int value) {
      words.insert(words.end(), {name, std::to_string(value)});
    };
    add("--port", port);
    add("--rate", settings.rate);
    add("--seconds", settings.seconds);
    add("--keep-alive", settings.keep_alive);
    add("--turn", turn_milliseconds);
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
  ScrapedTraining(const std::filesystem::path& folder, const live_training::TensorSet& images,
                  const live_training::NetworkOptions& network,
                  const live_training::TrainingOptions& options)
      : sink_(std::make_shared<livecca::PrometheusSink>(livecca::PrometheusOptions{.port = 0})),
        monitor_({.run_directory = folder / "run",
                  .network = live_training::trained_name,
                  .sinks = {sink_}}),
        stream_(monitor_, live_training::Network(network), true),
        trainer_(network, options, images) {}

  int port() const { return sink_->port(); }

  /// Trains for some seconds; when each step ended.
  std::vector<Clock::time_point> ends_of_steps(std::chrono::seconds time) {
    const auto begin = Clock::now();
    std::vector<Clock::time_point> ends{begin};
    while (ends.back() - begin < time) {
      trainer_.train_epoch([&](std::size_t, std::size_t, double) { ends.push_back(Clock::now()); },
                           [&](live_training::Network& network, const torch::Tensor& images) {
                             return stream_.forward(epoch_, network, images);
                           });
      monitor_.snapshot(epoch_++);
    }
    return ends;
  }

 private:
  std::shared_ptr<livecca::PrometheusSink> sink_;
  livecca::Monitor monitor_;
  live_training::TrainStream stream_;
  live_training::Trainer trainer_;
  std::int64_t epoch_ = 0;
};

/// The median step of each turn in milliseconds, by the turn's number; of even ones with scrapes.
std::map<std::int64_t, double> step_times(const std::vector<Clock::time_point>& ends) {
  const auto turn_of = [](Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() /
           turn_milliseconds;
  };
  std::map<std::int64_t, std::vector<double>> steps;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    if (turn_of(ends[i - 1]) != turn_of(ends[i])) continue;
    steps[turn_of(ends[i])].push_back(
        std::chrono::duration<double, std::milli>(ends[i] - ends[i - 1]).count());
  }
  std::map<std::int64_t, double> times;
  for (const auto& [turn, of_turn] : steps) times[turn] = livecca_bench::median(of_turn);
  return times;
}

void print(const std::map<std::int64_t, double>& times) {
  std::vector<double> cost;
  std::vector<double> noise;
  std::vector<double> without;
  for (const auto& [turn, time] : times) {
    if (turn % 2 == 1) without.push_back(time);
    const auto before = times.find(turn - 1);
    const auto after = times.find(turn + 1);
    if (before == times.end() || after == times.end()) continue;
    // Between its neighbours, so that a drift of the machine's speed falls out.
    const double percent = 100 * (2 * time / (before->second + after->second) - 1);
    if (turn % 2 == 0) cost.push_back(percent);
    const auto next = times.find(turn + 2);
    if (turn % 2 == 1 && next != times.end()) noise.push_back(100 * (next->second / time - 1));
  }
  const auto row = [](const std::string& what, const std::vector<double>& percent) {
    const auto [low, high] = livecca_bench::median_interval(percent);
    std::cout << what << decimals(livecca_bench::median(percent), 2) << " % [" << decimals(low, 2)
              << ", " << decimals(high, 2) << "]\n";
  };
  std::cout << "A step takes " << decimals(livecca_bench::median(without), 2)
            << " ms without scrapes. Median over " << cost.size()
            << " turns, with its 95 % interval:\n";
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
  ScrapedTraining training(folder.path(), images, network, options);
  training.ends_of_steps(std::chrono::seconds(5));  // warms up
  const Scraper scraper(training.port(), settings);
  const auto ends = training.ends_of_steps(std::chrono::seconds(settings.seconds));
  const bool all_whole = scraper.wait();
  print(step_times(ends));
  if (!all_whole) std::cout << "Some scrapes FAILED, see above.\n";
  return all_whole ? 0 : 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  Settings settings;
  CLI::App app("Measures what scrapes of its metrics cost the example's training.");
  app.add_option("--seconds", settings.seconds, "in all, half of them with scrapes")
      ->check(CLI::Range(5, 3600))
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
