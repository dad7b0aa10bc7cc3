#include "arms.hpp"

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "livecca_libtorch/evaluation_scope.hpp"
#include "text_table.hpp"

namespace overhead {
namespace {

using live_training::decimals;
using live_training::Network;

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
      probe_(images, count) {}

ProbePass ProbeWatcher::pass() {
  ProbePass pass;
  pass.seconds = probe_.run(monitor_, epoch_, network_, reference_);
  const livecca::SnapshotReport report = monitor_.snapshot(epoch_++).wait();
  pass.observe_seconds = report.observe_seconds;
  pass.wait_seconds = report.wait_seconds;
  return pass;
}

}  // namespace overhead
