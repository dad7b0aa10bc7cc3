#pragma once

#include <optional>
#include <utility>

#include "livecca/monitor/snapshot_report.hpp"
#include "sinks/run_writer.hpp"

namespace livecca {

/// Reports the event that make_event() returns, and keeps it in the report too. If memory runs out
/// before it is reported, the loss is counted.
template <typename MakeEvent>
void report_event(RunWriter& writer, SnapshotReport& report, const MakeEvent& make_event) noexcept {
  std::optional<Event> event;
  try {
    event = make_event();
  } catch (...) {
    writer.lose(Loss::event);
    return;
  }
  writer.report(*event);
  try {
    report.events.push_back(*std::move(event));
  } catch (...) {
    // No memory for it in the report: it is in the rows.
  }
}

}  // namespace livecca
