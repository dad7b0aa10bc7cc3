#include "livecca/verdicts/verdict_options.hpp"

#include <cmath>
#include <string>

#include "common/number_text.hpp"
#include "verdicts/curve.hpp"

namespace livecca {

Result<void> VerdictOptions::check() const {
  const auto refuse = [](const char* expected, auto got) {
    return Failure{std::string("verdict options: expected ") + expected + ", got " +
                   number_text(static_cast<double>(got), 6)};
  };
  if (!(tolerance > 0 && tolerance < 1)) return refuse("tolerance above 0 and below 1", tolerance);
  if (first_verdict < 4) return refuse("first_verdict of 4 or more", first_verdict);
  if (snapshots < fewest_slope_points) return refuse("3 or more snapshots", snapshots);
  if (!(least_change >= 0 && std::isfinite(least_change))) {
    return refuse("least_change of 0 or more", least_change);
  }
  if (!(dead_share > 0 && dead_share <= 1)) {
    return refuse("dead_share above 0 and at most 1", dead_share);
  }
  if (!(exploding_growth > 1 && std::isfinite(exploding_growth))) {
    return refuse("exploding_growth above 1", exploding_growth);
  }
  if (!(nonfinite_share >= 0 && nonfinite_share <= 1)) {
    return refuse("nonfinite_share from 0 to 1", nonfinite_share);
  }
  return {};
}

}  // namespace livecca
