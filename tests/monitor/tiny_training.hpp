#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "support/random_data.hpp"

namespace livecca_tests {

/// A small network that really trains: two dense layers on made data, plain gradient descent, with
/// a reference of other weights that runs on the same inputs. What a monitor sees and what goes
/// wrong meanwhile must not change its weights.
class TinyTraining {
 public:
  static constexpr Eigen::Index inputs = 6;
  static constexpr Eigen::Index hidden = 5;
  static constexpr Eigen::Index batch = 32;
  static constexpr int steps_per_epoch = 10;
  static constexpr int epochs = 6;

  /// May break what is observed: called with the epoch and the step (−1: the probe's), the layer's
  /// name and its activations; returns nothing to observe none.
  using Tamper =
      std::function<std::optional<Eigen::MatrixXd>(int, int, const std::string&, Eigen::MatrixXd)>;
  /// Called before each epoch's training.
  using BeforeEpoch = std::function<void(int)>;

  struct Weights {
    Eigen::MatrixXd first = 0.5 * normal_matrix(inputs, hidden, 1);
    Eigen::MatrixXd second = 0.5 * normal_matrix(hidden, 2, 2);
    friend bool operator==(const Weights& a, const Weights& b) {
      return a.first == b.first && a.second == b.second;
    }
  };

  Tamper tamper;
  BeforeEpoch before_epoch;
  std::vector<livecca::SnapshotTicket> tickets;

  /// The weights at the end, with a monitor or without.
  Weights run(livecca::Monitor* monitor) {
    Weights weights;
    if (monitor != nullptr) watch(*monitor);
    for (int epoch = 0; epoch < epochs; ++epoch) {
      if (before_epoch) before_epoch(epoch);
      if (monitor != nullptr) probe(*monitor, weights, epoch);
      for (int step = 0; step < steps_per_epoch; ++step) train(monitor, weights, epoch, step);
    }
    return weights;
  }

  /// What the network does without anybody watching.
  static Weights unwatched() {
    TinyTraining training;
    return training.run(nullptr);
  }

 private:
  void watch(livecca::Monitor& monitor) {
    for (const char* network : {"net", "ref"}) {
      for (const char* layer : {"first", "second"}) {
        taps_.push_back(monitor.watch(network, layer, livecca::Layout::nc));
      }
    }
  }

  void observe(livecca::Monitor::Step& step, int epoch, int number, std::size_t tap,
               const std::string& layer, const Eigen::MatrixXd& activations) const {
    std::optional<Eigen::MatrixXd> seen = activations;
    // Only the trained network's are tampered with.
    if (tamper && tap < 2) seen = tamper(epoch, number, layer, activations);
    if (seen) step.observe(taps_[tap], livecca::view_of(*seen));
  }

  void observe_all(livecca::Monitor::Step& step, int epoch, int number, const Eigen::MatrixXd& x,
                   const Weights& net) const {
    const Weights& ref = reference_;
    for (std::size_t network = 0; network < 2; ++network) {
      const Weights& weights = network == 0 ? net : ref;
      const Eigen::MatrixXd first = (x * weights.first).array().tanh();
      observe(step, epoch, number, 2 * network, "first", first);
      observe(step, epoch, number, 2 * network + 1, "second", first * weights.second);
    }
  }

  void probe(livecca::Monitor& monitor, const Weights& weights, int epoch) {
    for (Eigen::Index first = 0; first < probe_.rows(); first += 100) {
      const Eigen::MatrixXd x = probe_.middleRows(first, 100);
      auto step = monitor.begin(livecca::Stream::probe, epoch);
      step.set_inputs(livecca::view_of(x));
      observe_all(step, epoch, -1, x, weights);
      step.commit();
    }
    tickets.push_back(monitor.snapshot(epoch));
  }

  void train(livecca::Monitor* monitor, Weights& weights, int epoch, int number) {
    const auto seed = static_cast<std::uint64_t>(1000 + epoch * steps_per_epoch + number);
    const Eigen::MatrixXd x = normal_matrix(batch, inputs, seed);
    const Eigen::MatrixXd target = x.leftCols(2).array().sin();
    if (monitor != nullptr) {
      monitor->training_step(epoch);
      auto step = monitor->begin(livecca::Stream::train, epoch);
      observe_all(step, epoch, number, x, weights);
      step.commit();
    }
    const Eigen::MatrixXd first = (x * weights.first).array().tanh();
    const Eigen::MatrixXd error = first * weights.second - target;
    const Eigen::MatrixXd back =
        (error * weights.second.transpose()).array() * (1 - first.array().square());
    constexpr double rate = 0.2 / batch;
    weights.second -= rate * first.transpose() * error;
    weights.first -= rate * x.transpose() * back;
  }

  Eigen::MatrixXd probe_ = normal_matrix(300, inputs, 77);
  Weights reference_{0.5 * normal_matrix(inputs, hidden, 3), 0.5 * normal_matrix(hidden, 2, 4)};
  std::vector<livecca::TapHandle> taps_;
};

}  // namespace livecca_tests
