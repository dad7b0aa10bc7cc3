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

/// What to compute anew from a run's history.
struct ReplayOptions {
  std::vector<std::string> measures = {"pwcca", "mean_cca", "svcca", "linear_cka"};
  double keep_variance = 0.99;
  double partial_whitening_alpha = 0.5;
  Precision precision = Precision::exact;
  std::size_t error_blocks = 0;       ///< 0: no standard errors
  bool start = true;                  ///< compare with each layer's first kept snapshot
  bool final = true;                  ///< and with the last
  std::vector<std::size_t> before{};  ///< and with the kept snapshot so many before
  /// Recorded networks: name and pack.
  std::vector<std::pair<std::string, std::filesystem::path>> references{};
  Pairing pairing = Pairing::by_name();  ///< with layers of those
  int threads = 0;                       ///< 0: one a core
};

struct ReplayResult {
  std::vector<MeasureRow> measures;
  /// What could not be compared, and why: each once, with the number of its epochs.
  std::vector<Event> events;
};

/// Measures of a run's kept activations, whatever was measured while it ran; where it ran with the
/// same measures and references, its own numbers again. The run may still go on. Rows have the
/// epoch and step of the snapshot; "start" is a layer's first kept snapshot that can be read and is
/// finite throughout, "final" its last. A snapshot that cannot be read costs its points.
///
/// Memory: O(features²) a layer and pair. Throws Error on impossible options, a reference that
/// cannot be opened, or if the folder has no history that can be read.
LIVECCA_EXPORT ReplayResult replay(const std::filesystem::path& run_directory,
                                   const ReplayOptions& options);

}  // namespace livecca
