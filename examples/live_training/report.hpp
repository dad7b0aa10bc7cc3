#pragma once

#include <livecca/monitor/snapshot_report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace live_training {

/// One line that shows how far an epoch is and its loss so far. On a terminal it redraws itself;
/// elsewhere (a file, a pipe) it writes one line when the epoch ends.
class ProgressBar {
 public:
  ProgressBar(std::ostream& out, bool is_terminal, std::string label);

  /// `done` of `total` batches.
  void update(std::size_t done, std::size_t total, double loss);
  /// Makes place for other lines; the next update draws the bar again.
  void clear();

 private:
  std::ostream& out_;
  bool is_terminal_;
  std::string label_;
  std::chrono::steady_clock::time_point begin_;
  std::chrono::steady_clock::time_point last_drawn_;
};

/// What training knows of an epoch beside livecca's numbers.
struct EpochFacts {
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  std::optional<double> loss;  ///< empty before the first epoch
  double test_accuracy = 0;
  std::int64_t probe_images = 0;
  double probe_seconds = 0;
  std::vector<std::string> references = {"reference"};  ///< networks that it is compared with
};

/// How to read the tables below it.
void print_how_to_read(std::ostream& out);

/// The table of one snapshot: layers × distances, and, where the report has them, the train
/// stream's drift and what verdicts say of the first reference.
void print_epoch_table(std::ostream& out, const std::vector<std::string>& layers,
                       const EpochFacts& facts, const livecca::SnapshotReport& report);

/// The bottom-up curves: each kept epoch's distance to the final state, layer by layer, drawn and
/// as numbers, and what they say about which layers settled first.
void print_final_curves(std::ostream& out, const std::vector<std::string>& layers,
                        const livecca::SnapshotReport& report);

/// A layer's distances to the final state, by epoch.
struct Curve {
  std::string layer;
  std::vector<std::int64_t> epochs;
  std::vector<std::optional<double>> distances;
};

/// A layer this close to its final state counts as settled.
inline constexpr double settled_distance = 0.05;

/// The first epoch at which a layer was closer to its final state than settled_distance; empty if
/// it was only at the end.
std::optional<std::int64_t> settled(const Curve& curve);

}  // namespace live_training
