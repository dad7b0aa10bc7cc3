#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/moments/precision.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// How a Monitor watches.
struct MonitorOptions {
  /// Where rows.jsonl and history/ go; created. Must not hold a run already.
  std::filesystem::path run_directory;
  /// The run's name in its rows; empty: the folder's name.
  std::string run;
  /// The network that is trained; every other name given to watch() is a reference.
  std::string network = "net";
  /// Bare names from the registry (see measures()). Rows carry the distance where there is one.
  std::vector<std::string> measures = {"pwcca", "mean_cca", "svcca", "linear_cka"};
  /// The share of variance that SVCCA keeps, (0, 1].
  double keep_variance = 0.99;
  /// α of partial_whitening, [0, 1]: 1 is angular, 0 is CCA.
  double partial_whitening_alpha = 0.5;
  /// Samples that a convolution gives per image, and a sequence whose steps are the samples.
  Positions positions = Positions::sampled(16);
  /// How rows are multiplied; rows of the run say which it was.
  Precision precision = Precision::exact;
  /// A wider tap is cut to a seeded choice of this many features; 0: never.
  std::size_t max_features = 2048;
  std::uint64_t feature_seed = 0;
  /// Bytes that the moments may take: beyond it watch() refuses, or, where a tap's shape is not
  /// known before, the tap is left out with an event "over_limit". 0: no limit.
  std::uint64_t memory_limit = std::uint64_t{4} << 30;
  /// Keep every window in this many parts (5 or more), so that numbers have standard errors. Takes
  /// as many times the memory and the solver's time, and needs as many steps a window. 0: none.
  std::size_t error_blocks = 0;
  /// Threads for accumulating and solving; 0: one per core.
  int threads = 0;
  /// Keep the probe's activations of every snapshot, for the distance to the network's
  /// own start and for the final curves.
  bool keep_history = true;
  /// Beyond this, kept snapshots are thinned out; the first and the latest always stay.
  std::uint64_t history_byte_limit = std::uint64_t{4} << 30;
  /// Called for the first event of each kind and subject, from the training thread or the solver's;
  /// must not throw and not call the monitor.
  std::function<void(const Event&)> on_event;
  /// The run's own facts, written into the run row as they are (e.g. learning rate, data set).
  std::vector<std::pair<std::string, std::string>> notes;

  /// Whether the options make sense; if not, says why.
  LIVECCA_EXPORT bool is_valid(std::string& why) const;
};

}  // namespace livecca
