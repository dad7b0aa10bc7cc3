#include <algorithm>

#include "monitor/monitor_state.hpp"

namespace livecca {
void Monitor::State::report_to(SnapshotReport& report, const Event& event) {
  writer.report(event);
  report.events.push_back(event);
}

void Monitor::State::report_faults(const PanelMoments& moments, SnapshotReport& report) {
  const std::int64_t epoch = report.epoch;
  for (const Fault& fault : moments.faults) {
    report_to(report, {epoch, livecca::name_of(fault.kind), fault.subject, fault.message});
  }
  if (moments.steps_discarded > 0) {
    report_to(report, {epoch, "step_discarded", "probe",
                       std::to_string(moments.steps_discarded) +
                           " steps were begun and not committed; they were discarded"});
  }
  if (moments.steps_committed == 0) {
    report_to(report, {epoch, "missing", "probe",
                       "expected at least one committed step before a snapshot, got none"});
  }
}

void Monitor::State::report_unpaired_references(std::int64_t epoch, SnapshotReport& report) {
  for (const WatchedTap& tap : taps) {
    if (tap.network == options.network || tap.network == "start") continue;
    const bool paired = std::ranges::any_of(taps, [&](const WatchedTap& other) {
      return other.network == options.network && other.layer == tap.layer;
    });
    if (paired) continue;
    report_to(report, {epoch, "missing", tap.network + "/" + tap.layer,
                       "expected a layer of this name in " + options.network + ", got none"});
  }
}

void Monitor::State::drop_other_starts(PanelMoments& moments, SnapshotReport& report) {
  for (const WatchedTap& tap : taps) {
    if (!tap.start_tap || !rows_seen.contains(tap.layer)) continue;
    const std::uint64_t expected = history.start(tap.layer)->rows();
    const std::uint64_t seen = rows_seen[tap.layer];
    if (seen == expected) continue;
    moments.taps[*tap.start_tap].moments.reset();
    report_to(report, {report.epoch, "rows_differ", "start/" + tap.layer,
                       "expected a probe of " + std::to_string(expected) +
                           " rows as at the start, got " + std::to_string(seen)});
  }
  rows_seen.clear();
}

}  // namespace livecca
