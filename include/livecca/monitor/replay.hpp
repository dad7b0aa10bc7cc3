#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/moments/precision.hpp"
#include "livecca/monitor/pairing.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// Says what to compute from a run's history.
struct ReplayOptions {
  std::vector<std::string> measures = {"pwcca", "mean_cca", "svcca", "linear_cka"};
  double keep_variance = 0.99;
  double partial_whitening_alpha = 0.5;
  Precision precision = Precision::exact;
  std::size_t error_blocks = 0;       ///< 0: no standard errors
  bool start = true;                  ///< compare with each layer's first kept snapshot
  bool final = true;                  ///< also compare with the last one
  std::vector<std::size_t> before{};  ///< also compare with the snapshots this many earlier
  /// Recorded networks to compare with: name and pack.
  std::vector<std::pair<std::string, std::filesystem::path>> references{};
  Pairing pairing = Pairing::by_name();  ///< of layers with those of the references
  int threads = 0;                       ///< 0: one per core
};

struct ReplayResult {
  std::vector<MeasureRow> measures;
  /// Comparisons that were not possible, and why. Each reason is listed once, with the number of
  /// epochs in which it occurred.
  std::vector<Event> events;
};

/// Computes measures from the activations that a run kept in its history, also measures that the
/// run did not compute. With the same measures and references, the numbers are the same as the
/// run's. The run may still be going on.
///
/// Each row has the epoch and step of its snapshot. For each layer, "start" is the first kept
/// snapshot that can be read and that is finite throughout. "final" is the last one that can be
/// read. A snapshot that cannot be read has no rows.
///
/// Memory: O(features²) for each layer and pair. Throws Error on impossible options, if a reference
/// cannot be opened, or if the folder has no readable history.
LIVECCA_EXPORT ReplayResult replay(const std::filesystem::path& run_directory,
                                   const ReplayOptions& options);

}  // namespace livecca
