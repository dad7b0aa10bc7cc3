#include "verdicts/settling.hpp"

#include <algorithm>
#include <cmath>

namespace livecca {
namespace {

/// The shares of the expected time that 80 % of all layers needed, see docs/verdicts.md.
constexpr double soonest_share = 0.2;
constexpr double latest_share = 2.5;
/// A layer that is far from settling expects it anew at each snapshot: some are enough.
constexpr std::size_t most_expected = 32;

}  // namespace

bool SettlingRecord::is_trusted() const {
  constexpr std::uint64_t fewest = 8;
  return judged >= fewest && 10 * held >= 7 * judged;
}

void judge_expected(ExpectedSettlings& expected, std::uint64_t snapshot, bool is_settled,
                    SettlingRecord& record) {
  std::erase_if(expected, [&](const ExpectedSettling& one) {
    if (!is_settled && snapshot < one.high) return false;
    ++record.judged;
    record.held += is_settled && one.low <= snapshot && snapshot <= one.high ? 1 : 0;
    return true;
  });
}

std::optional<ExpectedSettling> expect_settling(ExpectedSettlings& expected, std::uint64_t snapshot,
                                                double snapshots_ahead) {
  if (expected.size() >= most_expected) return std::nullopt;
  // Not beyond what a whole number holds.
  const double ahead = std::clamp(snapshots_ahead, 1.0, 1e12);
  const double soonest = std::max(1.0, std::floor(soonest_share * ahead));
  expected.push_back(
      {.low = snapshot + static_cast<std::uint64_t>(soonest),
       .high = snapshot + static_cast<std::uint64_t>(std::ceil(latest_share * ahead))});
  return expected.back();
}

void tell_settling(const ExpectedSettling& expected, std::uint64_t snapshot, double snapshots_ahead,
                   double epochs_apart, VerdictRow& row) {
  const auto epoch_in = [&](double snapshots) {
    return static_cast<double>(row.epoch) + snapshots * epochs_apart;
  };
  row.settling_epoch = epoch_in(std::max(1.0, snapshots_ahead));
  row.settling_epoch_low = epoch_in(static_cast<double>(expected.low - snapshot));
  row.settling_epoch_high = epoch_in(static_cast<double>(expected.high - snapshot));
}

}  // namespace livecca
