#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "sinks/tensorboard/picture/heatmap.hpp"

namespace livecca {

/// Which layers of a stream were settled, and which had alarms, at each snapshot so far. Memory
/// grows with changes only. Verdicts come a snapshot at a time, in order.
class VerdictMarks {
 public:
  using Snapshot = std::pair<std::int64_t, std::uint64_t>;  ///< epoch and step

  /// Begins a snapshot, at which nothing is said so far.
  void begin(Snapshot snapshot);
  /// Takes a row of this snapshot. Returns what is said of its layer now.
  LayerMark add(const VerdictRow& row);
  /// What was said of a layer at a snapshot that is over.
  LayerMark at(const std::string& layer, Snapshot snapshot) const;
  /// Whether any layer has an alarm now.
  bool has_alarm() const;

 private:
  void keep();

  Snapshot snapshot_;
  std::map<std::string, LayerMark> now_;
  std::map<std::string, std::vector<std::pair<Snapshot, LayerMark>>> changes_;
};

}  // namespace livecca
