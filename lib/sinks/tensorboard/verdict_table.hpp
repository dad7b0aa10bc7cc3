#pragma once

#include <string>
#include <vector>

#include "livecca/sinks/sink.hpp"
#include "sinks/tensorboard/event_messages.hpp"

namespace livecca {

/// What a snapshot's verdicts, directions and alarms say of one stream, a line a layer: in the
/// order of `layers`, then those that it lacks. Cells are Markdown. Empty if nothing is said.
TableCells verdict_table(const SnapshotRows& rows, Stream stream,
                         const std::vector<std::string>& layers);

/// How often a run's verdicts came true, all layers together first, then a line a layer: in the
/// order of `layers`, then those that it lacks.
TableCells record_table(std::vector<VerdictRecordRow> records,
                        const std::vector<std::string>& layers);

}  // namespace livecca
