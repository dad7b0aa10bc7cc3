#include "arms.hpp"

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/tap.hpp"
#include "probe.hpp"
#include "text_table.hpp"

namespace overhead {
namespace {

using live_training::decimals;
using live_training::Network;

constexpr std::int64_t images_a_batch = 250;  // as in the example

double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Adds the time that it lives.
class Stopwatch {
 public:
  explicit Stopwatch(Times& times) : times_(times) {}
  ~Stopwatch() {
    times_.wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_).count();
    times_.processor += processor_seconds() - processor_;
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  Times& times_;
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  double processor_ = processor_seconds();
};

livecca::MonitorOptions options_of(const std::filesystem::path& folder,
                                   const WatchedArm::Options& arm) {
  livecca::MonitorOptions options;
  options.run_directory = folder / arm.name;
  options.network = live_training::trained_name;
  options.train_schedule = livecca::Schedule::every_steps(arm.every);
  options.overhead_budget = arm.budget;
  return options;
}

}  // namespace

void Arm::run_stretch(Times& times) {
  const Stopwatch watch(times);
  trainer_.train_epoch(
      [](std::size_t, std::size_t, double) {},
      [this](Network& network, const torch::Tensor& images) { return forward(network, images); });
  end_stretch();
}

void Arm::end_block(Times& times) {
  const Stopwatch watch(times);
  snapshot();
}

torch::Tensor ArmWithReference::forward(Network& network, const torch::Tensor& images) {
  torch::Tensor logits = network->forward(images);
  if (steps_++ % every_ == 0) {
    const livecca::libtorch::EvaluationScope evaluation(*training_.reference);
    training_.reference->forward(images);
  }
  return logits;
}

WatchedArm::WatchedArm(const Training& training, const std::filesystem::path& folder,
                       const Options& options)
    : Arm(training),
      monitor_(options_of(folder, options)),
      stream_(monitor_, options.has_reference ? training.reference : Network(nullptr), true) {}

torch::Tensor WatchedArm::forward(Network& network, const torch::Tensor& images) {
  return stream_.forward(epoch_, network, images);
}

void WatchedArm::end_stretch() {
  // Other arms' turns are not this one's training: a probe step, here one that is given up, tells
  // the budget that time passed otherwise.
  monitor_.begin(livecca::Stream::probe, epoch_);
}

void WatchedArm::snapshot() { monitor_.snapshot(epoch_++).wait(); }

std::string WatchedArm::last_overhead() const {
  std::ifstream file(monitor_.run_directory() / "rows.jsonl");
  nlohmann::json last;
  for (std::string line; std::getline(file, line);) {
    auto row = nlohmann::json::parse(line, nullptr, false);
    if (row.is_object() && row.value("what", "") == "overhead") last = std::move(row);
  }
  if (last.is_null()) return "no row of the overhead";
  const auto milliseconds = [&](const char* name) {
    return decimals(1000 * last.value(name, 0.0), 1) + " ms";
  };
  return std::to_string(last.value("train_steps_observed", 0)) + " steps observed, " +
         std::to_string(last.value("train_steps_dropped", 0)) + " dropped: training thread " +
         milliseconds("observe_seconds") + " in livecca, " + milliseconds("reference_seconds") +
         " in the reference; livecca's threads " + milliseconds("accumulate_seconds") +
         " for products, " + milliseconds("solve_seconds") + " for solves";
}

ProbeWatcher::ProbeWatcher(const Training& training, const std::filesystem::path& folder,
                           const live_training::TensorSet& images, std::int64_t count)
    : network_(training.network),
      reference_(training.reference),
      monitor_(options_of(folder, {.name = "probe"})),
      batches_(images.images.slice(0, 0, count).split(images_a_batch)) {}

ProbePass ProbeWatcher::pass() {
  ProbePass pass;
  // Each time the other one comes first.
  if (epoch_ % 2 == 0) run_bare(pass);
  run_watched(pass);
  if (epoch_ % 2 == 0) run_bare(pass);
  return pass;
}

void ProbeWatcher::forward(Network& network, const torch::Tensor& images, Times& times) {
  const Stopwatch watch(times);
  const livecca::libtorch::EvaluationScope evaluation(*network);
  network->forward(images);
}

void ProbeWatcher::run_bare(ProbePass& pass) {
  Times forwards;
  Times whole;
  {
    const Stopwatch watch(whole);
    for (const torch::Tensor& images : batches_) {
      forward(network_, images, forwards);
      forward(reference_, images, forwards);
    }
  }
  pass.bare_seconds = whole.wall;
}

void ProbeWatcher::run_watched(ProbePass& pass) {
  Times forwards;
  Times whole;
  std::optional<livecca::SnapshotTicket> ticket;
  {
    const Stopwatch watch(whole);
    for (const torch::Tensor& images : batches_) {
      livecca::Monitor::Step step = monitor_.begin(livecca::Stream::probe, epoch_);
      livecca::libtorch::set_inputs(step, images);
      {
        const livecca::libtorch::TapScope taps(monitor_, step, live_training::trained_name);
        forward(network_, images, forwards);
      }
      {
        const livecca::libtorch::TapScope taps(monitor_, step, live_training::reference_name);
        forward(reference_, images, forwards);
      }
      step.commit();
    }
    ticket = monitor_.snapshot(epoch_++);
  }
  const livecca::SnapshotReport report = ticket->wait();
  pass.seconds = whole.wall;
  pass.outside_seconds = whole.wall - forwards.wall;
  pass.observe_seconds = report.observe_seconds;
  pass.wait_seconds = report.wait_seconds;
}

}  // namespace overhead
