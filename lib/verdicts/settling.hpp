#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// At which snapshots of the probe a layer was expected to be called settled.
struct ExpectedSettling {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// Of one layer, those that have neither come nor gone.
using ExpectedSettlings = std::vector<ExpectedSettling>;

/// How often a run's expectations came true, over all layers.
struct SettlingRecord {
  std::uint64_t judged = 0;
  std::uint64_t held = 0;

  /// Whether the next ones may be shown.
  bool is_trusted() const;
};

/// Judges a layer's expectations that came or went with this snapshot, and drops them.
void judge_expected(ExpectedSettlings& expected, std::uint64_t snapshot, bool is_settled,
                    SettlingRecord& record);

/// Expects the layer to settle in about so many snapshots, in an interval that holds in 80 % of all
/// cases. Returns it; empty if too many are open already, as none is told that is not judged.
std::optional<ExpectedSettling> expect_settling(ExpectedSettlings& expected, std::uint64_t snapshot,
                                                double snapshots_ahead);

/// Writes it into the row, whose epoch is set, where snapshots are so many epochs apart.
void tell_settling(const ExpectedSettling& expected, std::uint64_t snapshot, double snapshots_ahead,
                   double epochs_apart, VerdictRow& row);

}  // namespace livecca
