#pragma once

#include <filesystem>
#include <functional>

#include "livecca/sinks/row.hpp"
#include "livecca/sinks/sink.hpp"

namespace livecca {

/// What to do with the rows of a run that is taken up again. Rows have those fields that the
/// pictures and step numbers need.
struct RowVisitor {
  std::function<void(const RunRow&)> run;
  std::function<void(const MeasureRow&)> measure;
  std::function<void(const LayerRow&)> layer;
  std::function<void(const VerdictRow&)> verdict;
  std::function<void(const LogRow&)> log;
  std::function<void(const OverheadRow&)> overhead;
  std::function<void(const Event&)> event;
};

/// Reads a run's rows.jsonl, a line at a time, but not the rows that came since the run was taken
/// up: the monitor does not wait for its sinks. A line that is not a row is passed over; no file,
/// no rows. Throws Error if the file cannot be read.
void read_rows(const SinkRun& run, const RowVisitor& visitor);

}  // namespace livecca
