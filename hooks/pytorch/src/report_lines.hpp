#pragma once

#include <string>
#include <vector>

#include "livecca/monitor/snapshot_report.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca::python {

/// Rows go to Python as the lines of rows.jsonl that they are, so that the same classes read them
/// from a file, a report and a callback. Wall times and checksums are those of no file: now, and
/// none.
std::string line_of(const Event& event);

/// All rows of a report, events last.
std::vector<std::string> lines_of(const SnapshotReport& report);

/// Of any kind of row.
template <typename Row>
std::string line_of_row(const Row& row) {
  return to_json(row, "", 0);
}

}  // namespace livecca::python
