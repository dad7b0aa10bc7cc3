#include "training.hpp"

#include <Eigen/Core>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>

#include "failing_new.hpp"
#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"

namespace livecca_tests {
namespace {

using livecca::Monitor;
using livecca::Stream;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::uint64_t train_steps = 3;
constexpr std::uint64_t probe_steps = 2;
constexpr int epochs = 3;

/// Takes what it is given, as a dashboard would.
class QuietSink : public livecca::Sink {
 public:
  std::string name() const override { return "quiet"; }
  void snapshot(const livecca::SnapshotRows& /*rows*/,
                const livecca::RowStamp& /*stamp*/) override {}
};

Matrix made_up(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  Matrix rows(40, 4);
  for (Eigen::Index i = 0; i < rows.size(); ++i) rows.data()[i] = normal(random);
  return rows;
}

livecca::MonitorOptions options_of(const SweptTraining& training) {
  livecca::MonitorOptions options;
  options.run_directory = training.folder;
  options.run = "swept";
  options.synchronous = training.synchronous;
  options.threads = 1;
  options.queue_steps = 64;  // nothing is dropped unless memory fails
  options.measures = {"pwcca", "linear_cka_debiased"};
  options.compare_before = {1};
  options.sinks = {std::make_shared<QuietSink>()};
  options.on_event = [](const livecca::Event&) {};
  options.on_snapshot = [](const livecca::SnapshotReport&) {};
  return options;
}

class Watched {
 public:
  explicit Watched(const SweptTraining& training)
      : monitor_(options_of(training)),
        net_(monitor_.watch("net", "fc", livecca::Layout::nc)),
        reference_(monitor_.watch("ref", "fc", livecca::Layout::nc)) {}

  Monitor& monitor() { return monitor_; }

  void epoch(int epoch) {
    const auto seed = 1000 * static_cast<std::uint64_t>(epoch);
    for (std::uint64_t i = 0; i < train_steps; ++i) {
      monitor_.training_step(epoch);
      if (auto due = monitor_.begin_if_due(Stream::train, epoch)) observe(*due, seed + 5 + i);
      auto step = monitor_.begin(Stream::train, epoch);
      observe(step, seed + 10 * i);
    }
    monitor_.log(epoch, "loss", 1.0 / (epoch + 1));
    monitor_.log("accuracy of the epoch", 0.5);
    for (std::uint64_t i = 0; i < probe_steps; ++i) {
      auto step = monitor_.begin(Stream::probe, epoch);
      const Matrix inputs = made_up(300 + i);
      step.set_inputs(livecca::view_of(inputs));
      observe(step, 500 + 10 * i, static_cast<std::uint64_t>(epoch));
    }
    monitor_.snapshot(epoch);
  }

 private:
  /// The trained network's rows move on from epoch to epoch, the reference's do not.
  void observe(Monitor::Step& step, std::uint64_t seed, std::uint64_t moved = 0) {
    const Matrix own = made_up(seed) + made_up(seed + 1 + moved);
    step.observe(net_, livecca::view_of(own));
    const Matrix other = made_up(seed);
    step.observe(reference_, livecca::view_of(other));
    step.commit();
  }

  Monitor monitor_;
  livecca::TapHandle net_;
  livecca::TapHandle reference_;
};

}  // namespace

Ending train(const SweptTraining& training, std::uint64_t& made) {
  Watched watched(training);
  fail_allocation(training.failing);
  try {
    for (int epoch = 0; epoch < epochs; ++epoch) watched.epoch(epoch);
    made = allocations_made();
    watched.monitor().finish();
    return Ending::good;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "allocation %llu: thrown: %s\n",
                 static_cast<unsigned long long>(training.failing), failure.what());
    return Ending::threw;
  }
}

}  // namespace livecca_tests
