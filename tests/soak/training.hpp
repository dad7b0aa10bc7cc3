#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint_folder.hpp"
#include "livecca/monitor/monitor.hpp"
#include "small_network.hpp"
#include "stage_board.hpp"

namespace livecca_soak {

struct TrainingOptions {
  std::uint64_t steps = 240;
  std::uint64_t seed = 1;
  bool synchronous = true;
  bool resume = false;  ///< from the latest checkpoint; from scratch if there is none
  std::uint64_t checkpoint_every = 7;
  std::uint64_t probe_every = 12;
  std::uint64_t train_every = 2;
  std::size_t queue_steps = 8;
  std::uint64_t history_bytes = 110'000;
  /// Which of the ways to watch, below variant_count: windows, standard errors, history, threads.
  int variant = 0;
};
constexpr int variant_count = 5;
/// Several threads commit train steps at the same time, and TensorBoard's sink is on.
constexpr int variant_with_threads = 4;

/// A small network learns in a folder, beside another that learns in lock-step, watched in both
/// streams and compared with that one, with a recorded network and with its own past. All that it
/// needs to go on is in its checkpoints.
///
///     FOLDER/reference.safetensors   the recorded network
///     FOLDER/run/                    the monitor's
///     FOLDER/checkpoints/            see CheckpointFolder
///     FOLDER/weights                 at the end
///
/// The folder is the working directory: so that runs in two folders write the same rows.
class Training {
 public:
  Training(const TrainingOptions& options, StageBoard& board);
  ~Training();

  std::uint64_t steps() const { return step_; }
  std::uint64_t snapshots() const { return snapshots_; }

  /// One step, and all that is due after it.
  void step();
  /// Waits for the last snapshot.
  void wait();
  void finish();

 private:
  struct Data {
    Matrix inputs;
    std::vector<int> classes;
  };
  struct Networks {
    SmallNetwork net;
    SmallNetwork other;
  };
  using Handles = std::vector<livecca::TapHandle>;

  static Data make_data(Eigen::Index images, std::uint64_t seed);
  livecca::MonitorOptions monitor_options();
  void record_reference() const;
  void begin_monitor();
  void observe(livecca::Monitor::Step& step) const;
  void observe_batch(livecca::Monitor::Step step, const Matrix& inputs);
  void observe_from_threads(livecca::Monitor::Step first, std::int64_t epoch, const Matrix& inputs);
  void run_probe(std::int64_t epoch);
  void snapshot(std::int64_t epoch);
  void save();
  void write_state(const std::filesystem::path& file) const;
  void read_state(const std::filesystem::path& file);

  TrainingOptions options_;
  StageBoard& board_;
  CheckpointFolder checkpoints_;
  Data train_data_;
  Data probe_data_;
  Random random_;
  Networks networks_;
  std::vector<std::uint32_t> order_;  ///< of the images in this epoch
  std::uint64_t step_ = 0;
  std::uint64_t snapshots_ = 0;
  Handles net_;
  Handles other_;
  std::unique_ptr<livecca::Monitor> monitor_;
  std::optional<livecca::SnapshotTicket> last_snapshot_;
};

}  // namespace livecca_soak
