#pragma once

#include <cstdint>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "monitor/history/history.hpp"
#include "sinks/run_writer.hpp"
#include "verdicts/verdict_record.hpp"

namespace livecca {

/// The bottom-up curves (Raghu et al. 2017, section 4.1): every kept snapshot of every layer
/// against the layer's last one, reference "final". Streams both files, so memory is
/// O(features²). Returns how far each layer was from its end at each snapshot, whatever the run's
/// measures are.
std::vector<DistanceToEnd> write_final_curves(const std::vector<History::Kept>& kept,
                                              const MonitorOptions& options, Executor& executor,
                                              SnapshotReport& report, RunWriter& writer);

}  // namespace livecca
