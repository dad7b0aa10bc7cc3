#pragma once

#include <algorithm>
#include <string_view>

#include "livecca/monitor/snapshot_report.hpp"

namespace livecca_tests {

inline bool has_event(const livecca::SnapshotReport& report, std::string_view what,
                      std::string_view subject) {
  return std::ranges::any_of(report.events, [&](const livecca::Event& event) {
    return event.what == what && event.subject == subject;
  });
}

/// Whatever its subject, one whose message has this part.
inline bool has_event_saying(const livecca::SnapshotReport& report, std::string_view what,
                             std::string_view part) {
  return std::ranges::any_of(report.events, [&](const livecca::Event& event) {
    return event.what == what && event.message.find(part) != std::string::npos;
  });
}

/// Masks that change leave other numbers of steps, so that directions begin anew.
inline bool has_only_unequal_windows(const livecca::SnapshotReport& report) {
  return std::ranges::all_of(report.events, [](const livecca::Event& event) {
    return event.what == "unverified_probe" || event.what == "unequal_windows";
  });
}

/// But that nobody told the probe's inputs.
inline std::size_t count_other_events(const livecca::SnapshotReport& report) {
  return static_cast<std::size_t>(std::ranges::count_if(
      report.events, [](const livecca::Event& event) { return event.what != "unverified_probe"; }));
}

}  // namespace livecca_tests
