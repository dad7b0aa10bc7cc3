// What watching costs the example's training: the same training with livecca and without, in turns,
// so that whatever else the machine does meets both alike. Read ratios, and the noise beside them.

#include <ATen/Parallel.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "arms.hpp"
#include "median.hpp"
#include "quiet_waiting.hpp"
#include "support/temporary_folder.hpp"
#include "synthetic_images.hpp"
#include "text_table.hpp"

namespace {

using namespace overhead;
using live_training::decimals;
using live_training::TextTable;
using livecca_bench::median;

/// The distance of observed steps, and how long an arm trains before the next one's turn.
constexpr int steps_a_stretch = 10;

struct Settings {
  int rounds = 5;
  int steps = 100;
  int batch = 128;
  int threads = 2;
  std::int64_t width = 32;
  std::int64_t probe = 2000;
  bool only_reference = false;  ///< no arms but the two that a reference takes part in
};

/// What is wrong with a number of steps, for people; nothing if arms can share it out.
std::string whole_stretches(const std::string& steps) {
  if (std::stoi(steps) % steps_a_stretch == 0) return "";
  return "expected whole tens of steps, got " + steps;
}

std::string signed_percent(double share) {
  return (share < 0 ? "−" : "+") + decimals(100 * std::abs(share), 2) + " %";
}

/// All arms' times, round by round.
class Measurement {
 public:
  Measurement(const Settings& settings, const Training& training,
              const live_training::TensorSet& probe_images, const std::filesystem::path& folder)
      : plain_(training),
        plain_again_(training),
        stream_(training, folder, {.name = "stream"}),
        with_reference_(training, steps_a_stretch),
        lockstep_(training, folder, {.name = "lockstep", .has_reference = true}),
        budget_(training, folder,
                {.name = "budget", .every = 1, .budget = 0.02, .has_reference = true}),
        probe_(training, folder, probe_images, settings.probe),
        settings_(settings) {
    if (settings.only_reference) arms_ = {&with_reference_, &lockstep_};
    times_.resize(arms_.size());
    stretches_.resize(arms_.size());
  }

  void run() {
    // The first round warms up: pages, caches, and the budget's idea of what a step costs.
    for (int round = -1; round < settings_.rounds; ++round) {
      std::vector<Times> times(arms_.size());
      for (int stretch = 0; stretch < settings_.steps / steps_a_stretch; ++stretch) {
        for (std::size_t i = 0; i < arms_.size(); ++i) {
          // Each time another arm comes first.
          const std::size_t arm = (i + static_cast<std::size_t>(stretch)) % arms_.size();
          Times took;
          arms_[arm]->run_stretch(took);
          times[arm].wall += took.wall;
          times[arm].processor += took.processor;
          if (round >= 0) stretches_[arm].push_back(took);
        }
      }
      std::cout << "round " << round + 1 << " of " << settings_.rounds << ":";
      for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
        arms_[arm]->end_block(times[arm]);
        if (round >= 0) times_[arm].push_back(times[arm]);
        std::cout << ' ' << decimals(times[arm].wall, 2);
      }
      if (settings_.only_reference) {
        std::cout << std::endl;
        continue;
      }
      const ProbePass pass = probe_.pass();
      if (round >= 0) passes_.push_back(pass);
      std::cout << "; probe " << decimals(pass.seconds, 2) << ", without "
                << decimals(pass.bare_seconds, 2) << " s" << std::endl;
    }
  }

  void print() {
    std::cout << '\n';
    if (!settings_.only_reference) print_table();
    print_beyond_reference();
  }

 private:
  void print_table() const {
    TextTable table({"", "median", "lowest", "highest", "processor time", "target"});
    const std::vector<Times> plain = mean(times_[0], times_[1]);
    add(table, "without, again: the noise", times_[1], times_[0], "");
    add_probe(table, plain);
    add(table, "train stream, every 10th step", times_[2], plain, "3 %");
    add(table, "  with a reference, beyond its passes", times_[4], times_[3], "3 %");
    add(table, "budget 0.02, with a reference, all told", times_[5], plain, "2.5 %");
    table.print(std::cout);
    std::cout << "  Of wall time of " << settings_.steps << " steps of " << settings_.batch
              << " images; median of " << settings_.rounds
              << " pairs, and their spread. Processor time: of all threads.\n\n";
    print_details();
  }

  /// Pairs of neighbouring stretches are many more than blocks, so that their median is known well.
  /// Snapshots are at the end of blocks, and are added.
  void print_beyond_reference() const {
    const std::size_t lockstep = arm_of(lockstep_);
    double stretches = 0;
    double blocks = 0;
    for (const Times& times : stretches_[lockstep]) stretches += times.wall;
    for (const Times& times : times_[lockstep]) blocks += times.wall;
    std::cout << "  With a reference, beyond its passes, by " << stretches_[lockstep].size()
              << " pairs of stretches, median and its 95 % interval:\n    wall time "
              << share_beyond_reference(&Times::wall) << "\n    processor time "
              << share_beyond_reference(&Times::processor) << "\n  Snapshots, one in "
              << settings_.steps << " steps: " << signed_percent((blocks - stretches) / stretches)
              << " of wall time.\n  The last block, by livecca's own account: "
              << lockstep_.last_overhead() << ".\n";
  }

  std::string share_beyond_reference(double Times::*time) const {
    const std::vector<Times>& with = stretches_[arm_of(lockstep_)];
    const std::vector<Times>& without = stretches_[arm_of(with_reference_)];
    std::vector<double> shares;
    for (std::size_t i = 0; i < with.size(); ++i) {
      shares.push_back(with[i].*time / without[i].*time - 1);
    }
    std::ranges::sort(shares);
    const auto count = static_cast<double>(shares.size());
    const auto at = [&](double rank) {
      return signed_percent(shares[static_cast<std::size_t>(std::clamp(rank, 0.0, count - 1))]);
    };
    const double apart = 0.98 * std::sqrt(count);  // in ranks
    return signed_percent(median(shares)) + ", " + at(std::floor(count / 2 - apart)) + " to " +
           at(std::ceil(count / 2 + apart));
  }

  std::size_t arm_of(const Arm& arm) const {
    return static_cast<std::size_t>(std::ranges::find(arms_, &arm) - arms_.begin());
  }

  static std::vector<Times> mean(const std::vector<Times>& x, const std::vector<Times>& y) {
    std::vector<Times> means;
    for (std::size_t i = 0; i < x.size(); ++i) {
      means.push_back({(x[i].wall + y[i].wall) / 2, (x[i].processor + y[i].processor) / 2});
    }
    return means;
  }

  static void add_row(TextTable& table, const std::string& what, const std::vector<double>& shares,
                      const std::string& processor, const std::string& target) {
    table.add({what, signed_percent(median(shares)),
               signed_percent(*std::ranges::min_element(shares)),
               signed_percent(*std::ranges::max_element(shares)), processor, target});
  }

  static void add(TextTable& table, const std::string& what, const std::vector<Times>& with,
                  const std::vector<Times>& without, const std::string& target) {
    std::vector<double> wall;
    std::vector<double> processor;
    for (std::size_t i = 0; i < with.size(); ++i) {
      wall.push_back(with[i].wall / without[i].wall - 1);
      processor.push_back(with[i].processor / without[i].processor - 1);
    }
    add_row(table, what, wall, signed_percent(median(processor)), target);
  }

  /// Of the example's epoch of 4000 made images, and of one of CIFAR-10's 50000.
  void add_probe(TextTable& table, const std::vector<Times>& plain) const {
    for (const double images : {4000.0, 50000.0}) {
      std::vector<double> outside;
      std::vector<double> beyond;
      for (std::size_t i = 0; i < plain.size(); ++i) {
        const double epoch = plain[i].wall * images / (settings_.steps * settings_.batch);
        outside.push_back(passes_[i].outside_seconds / epoch);
        beyond.push_back((passes_[i].seconds - passes_[i].bare_seconds) / epoch);
      }
      const std::string of = ", of " + decimals(images, 0) + " images";
      add_row(table, "probe stream: beside its passes" + of, outside, "", "0.5 %");
      add_row(table, "  with a monitor, beyond without" + of, beyond, "", "");
    }
  }

  void print_details() const {
    const auto typical = [&](double ProbePass::*seconds) {
      std::vector<double> values;
      for (const ProbePass& pass : passes_) values.push_back(1000 * (pass.*seconds));
      return decimals(median(values), 1) + " ms";
    };
    std::vector<double> steps;
    for (const Times& times : times_[0]) steps.push_back(1000 * times.wall / settings_.steps);
    std::cout << "  A training step takes " << decimals(median(steps), 1) << " ms. A pass over "
              << settings_.probe << " images with two networks takes "
              << typical(&ProbePass::seconds) << ", without a monitor "
              << typical(&ProbePass::bare_seconds) << "; all but the networks' own passes "
              << typical(&ProbePass::outside_seconds) << "; by livecca's own account rows "
              << typical(&ProbePass::observe_seconds) << ", waiting "
              << typical(&ProbePass::wait_seconds) << ".\n"
              << "  The last blocks:\n"
              << "    train stream      " << stream_.last_overhead() << '\n'
              << "    with a reference  " << lockstep_.last_overhead() << '\n'
              << "    budget            " << budget_.last_overhead() << '\n';
  }

  Arm plain_;
  Arm plain_again_;
  WatchedArm stream_;
  ArmWithReference with_reference_;
  WatchedArm lockstep_;
  WatchedArm budget_;
  ProbeWatcher probe_;
  std::vector<Arm*> arms_ = {&plain_,          &plain_again_, &stream_,
                             &with_reference_, &lockstep_,    &budget_};
  std::vector<std::vector<Times>> times_;
  std::vector<std::vector<Times>> stretches_;
  std::vector<ProbePass> passes_;
  Settings settings_;
};

void measure(const Settings& settings) {
  at::set_num_threads(settings.threads);
  const auto made = [](std::int64_t count, std::uint64_t seed) {
    return live_training::to_tensors(
        live_training::make_synthetic_images(static_cast<std::size_t>(count), seed));
  };
  const live_training::TensorSet images = made(steps_a_stretch * settings.batch, 2018);
  const live_training::TensorSet probe_images = made(settings.probe, 2019);
  Training training{{}, {}, images, nullptr};
  training.network.width = settings.width;
  training.options.epochs = (settings.rounds + 1) * settings.steps / steps_a_stretch;
  training.options.batch_size = settings.batch;
  training.options.learning_rate = 0.01;
  training.reference = live_training::Network(training.network);
  const livecca_tests::TemporaryFolder folder;
  Measurement measurement(settings, training, probe_images, folder.path());
  measurement.run();
  measurement.print();
}

}  // namespace

int main(int argument_count, char** arguments) {
  live_training::start_again_without_spinning(arguments);
  Settings settings;
  CLI::App app("Measures what watching costs the example's training.");
  app.add_option("--rounds", settings.rounds, "pairs")->capture_default_str();
  app.add_option("--steps", settings.steps, "steps a block; in tens")
      ->check(CLI::Range(steps_a_stretch, 100000))
      ->check(whole_stretches)
      ->capture_default_str();
  app.add_option("--batch", settings.batch, "images a step")->capture_default_str();
  app.add_option("--threads", settings.threads, "threads of LibTorch")->capture_default_str();
  app.add_option("--width", settings.width, "of the network")->capture_default_str();
  app.add_option("--probe", settings.probe, "images")->capture_default_str();
  app.add_flag("--only-reference", settings.only_reference,
               "only what the train stream costs beyond a reference's passes");
  CLI11_PARSE(app, argument_count, arguments);
  try {
    measure(settings);
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "overhead: " << problem.what() << '\n';
    return 1;
  }
}
