#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace livecca_bench {

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Where the median of the values' distribution lies, with 95 % confidence, whatever the
/// distribution (the sign test's interval, in its normal approximation).
inline std::array<double, 2> median_interval(std::vector<double> values) {
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size());
  const double reach = 0.98 * std::sqrt(count);
  const auto at = [&](double place) {
    return values[static_cast<std::size_t>(std::clamp(place, 0.0, count - 1))];
  };
  return {at(std::floor(count / 2 - reach)), at(std::ceil(count / 2 + reach) - 1)};
}

}  // namespace livecca_bench
