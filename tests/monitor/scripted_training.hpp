#pragma once

#include <Eigen/Core>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/monitor/monitor.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"

namespace livecca_tests {

/// A stand-in for a training whose every step is known by its number: to resume it, nothing has to
/// be read back but what the monitor saved.
class ScriptedTraining {
 public:
  static constexpr Eigen::Index probe_images = 60;
  static constexpr Eigen::Index features = 4;
  static constexpr int steps_an_epoch = 5;

  /// Watched in both streams and compared with a lock-step network, synchronously.
  static livecca::MonitorOptions options_in(const std::filesystem::path& folder) {
    livecca::MonitorOptions options;
    options.run_directory = folder / "run";
    options.threads = 1;
    options.synchronous = true;
    options.train_schedule = livecca::Schedule::every_steps(2);
    options.probe_schedule = livecca::Schedule::every_steps(6);
    options.measures = {"pwcca", "linear_cka"};
    return options;
  }

  explicit ScriptedTraining(livecca::Monitor& monitor) : monitor_(monitor) {
    for (const char* network : {"net", "other"}) {
      for (const char* layer : {"a", "b"}) {
        taps_.push_back(monitor.watch(network, layer, livecca::Layout::nc));
      }
    }
  }

  /// Steps first … end − 1.
  void play(int first, int end) {
    for (int step = first; step < end; ++step) {
      const std::int64_t epoch = step / steps_an_epoch;
      monitor_.training_step(epoch);
      if (auto train_step = monitor_.begin_if_due(livecca::Stream::train, epoch)) {
        observe(std::move(*train_step), livecca::Stream::train, step, 12, step % 14 == 4);
      }
      monitor_.log(epoch, "loss", 1.0 / (1 + step));
      if (monitor_.claim_probe_pass(epoch)) {
        probe_batch(step, 0);
        probe_batch(step, 1);
        monitor_.snapshot(epoch);
      } else {
        monitor_.snapshot_if_due(epoch);
      }
    }
  }

  /// One of the probe's two batches.
  void probe_batch(int step, int batch) {
    observe(monitor_.begin(livecca::Stream::probe, step / steps_an_epoch), livecca::Stream::probe,
            step, probe_images / 2, false, static_cast<std::uint64_t>(batch));
  }

  /// Of a probe pass, the layer's activations that are not finite.
  void spoil_probe_of_step(int step) { spoiled_step_ = step; }

 private:
  /// Drifts with the step, about the same inputs if the stream is the probe.
  void observe(livecca::Monitor::Step step, livecca::Stream stream, int number, Eigen::Index images,
               bool without_b, std::uint64_t batch = 0) {
    const bool is_probe = stream == livecca::Stream::probe;
    const std::uint64_t seed = is_probe ? 100 + batch : 1000 + static_cast<std::uint64_t>(number);
    const Eigen::MatrixXd inputs = normal_matrix(images, features, seed);
    if (is_probe) step.set_inputs(livecca::view_of(inputs));
    for (std::size_t i = 0; i < taps_.size(); ++i) {
      if (without_b && i == 1) continue;
      Eigen::MatrixXd layer = inputs * normal_matrix(features, features, i);
      if (i < 2) layer += normal_matrix(images, features, seed + 50 + i) * (3.0 / (1 + number));
      layer.array() += static_cast<double>(i);
      if (is_probe && number == spoiled_step_ && i == 0) {
        layer(0, 0) = std::numeric_limits<double>::quiet_NaN();
      }
      step.observe(taps_[i], livecca::view_of(layer));
    }
    step.commit();
  }

  livecca::Monitor& monitor_;
  std::vector<livecca::TapHandle> taps_;
  int spoiled_step_ = -1;
};

/// What resuming a run promises to write as if it had gone on: not times, and not what it took.
inline std::vector<std::string> comparable_rows(const livecca::MonitorOptions& options) {
  std::vector<std::string> rows;
  for (nlohmann::json row : read_lines(options.run_directory / "rows.jsonl")) {
    if (row["kind"] == "event" && row["what"] == "overhead") continue;
    row.erase("wall_time");
    row.erase("checksum");
    rows.push_back(row.dump());
  }
  return rows;
}

}  // namespace livecca_tests
