#pragma once

#include <vector>

#include "livecca/monitor/options.hpp"
#include "livecca/monitor/snapshot_report.hpp"
#include "sinks/run_writer.hpp"
#include "verdicts/verdict_record.hpp"

namespace livecca {

/// At the end of a run: how often its verdicts came true. Reads back what the run has said, from
/// its rows, and holds it against the distances to the end. The report has the epoch and step of
/// the end. Throws Error if the rows cannot be read.
void write_verdict_records(const std::vector<DistanceToEnd>& distances,
                           const MonitorOptions& options, SnapshotReport& report,
                           RunWriter& writer);

}  // namespace livecca
