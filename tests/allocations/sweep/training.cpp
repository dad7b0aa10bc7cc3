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

constexpr std::uint64_t held_limit = std::uint64_t{1} << 20;
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
  options.held_bytes_limit = held_limit;
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

  /// Whether as much may be held as at the beginning.
  bool holds_as_before() {
    const auto ticket = monitor_.snapshot(epochs);
    ticket.wait();
    // The failure may hit one of the two.
    const bool is_held = holds_all();
    return holds_all() || is_held;
  }

 private:
  /// A step that holds as much as may be held; false if its rows were copied at once.
  bool holds_all() {
    auto step = monitor_.begin(Stream::train, epochs);
    const bool is_held = hold(step, made_up(7), held_limit);
    const Matrix other = made_up(8);
    step.observe(reference_, livecca::view_of(other));
    step.commit();
    return is_held;
  }

  /// The trained network's rows move on from epoch to epoch, the reference's do not.
  void observe(Monitor::Step& step, std::uint64_t seed, std::uint64_t moved = 0) {
    hold(step, made_up(seed) + made_up(seed + 1 + moved), 1000);
    const Matrix other = made_up(seed);
    step.observe(reference_, livecca::view_of(other));
    step.commit();
  }

  /// False if the rows were copied at once.
  bool hold(Monitor::Step& step, Matrix rows, std::uint64_t bytes) {
    std::shared_ptr<const Matrix> memory;
    {
      const Spared own;
      memory = std::make_shared<const Matrix>(std::move(rows));
    }
    const std::weak_ptr<const Matrix> is_alive = memory;
    step.observe_held(net_, livecca::view_of(*memory), memory, bytes);
    memory.reset();
    return !is_alive.expired();
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
    const bool is_given_back = watched.holds_as_before();
    made = allocations_made();
    watched.monitor().finish();
    return is_given_back ? Ending::good : Ending::lost_memory;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "allocation %llu: thrown: %s\n",
                 static_cast<unsigned long long>(training.failing), failure.what());
    return Ending::threw;
  }
}

}  // namespace livecca_tests
