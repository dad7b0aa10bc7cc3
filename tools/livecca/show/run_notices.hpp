#pragma once

#include <string>

#include "runs/run_rows.hpp"
#include "runs/show_options.hpp"

namespace livecca::tool {

/// Layers that are dead, collapsing, exploding or nearest to another layer, at their last snapshot,
/// and those that were; and neurons that did not vary. A line each, empty without any.
std::string alarms_text(const RunRows& rows, const Canvas& canvas);

/// The alarms that are over, in one line with their epochs; empty without any.
std::string earlier_alarms(const RunRows& rows);

/// The latest numbers that cannot be told from those of unrelated data, and about how many inputs
/// would do it: those of the probe, and of one reference if it is not empty. Empty if all are told.
std::string undecided_line(const RunRows& rows, const std::string& reference);

/// What cost numbers: a line a kind of event, with its count and latest message.
std::string events_text(const RunRows& rows, const Canvas& canvas);

/// What watching took and lost; empty before it is known.
std::string overhead_text(const RunRows& rows, const Canvas& canvas);

}  // namespace livecca::tool
