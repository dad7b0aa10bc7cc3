#include "text/sparkline.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace livecca::tool {

Series resampled(const Series& series, std::size_t width) {
  if (width == 0 || series.size() <= width) return series;
  Series result(width);
  for (std::size_t i = 0; i < width; ++i) {
    double sum = 0;
    std::size_t values = 0;
    for (std::size_t k = i * series.size() / width; k < (i + 1) * series.size() / width; ++k) {
      if (!series[k]) continue;
      sum += *series[k];
      ++values;
    }
    if (values > 0) result[i] = sum / static_cast<double>(values);
  }
  return result;
}

double full_bar(double highest) { return std::max(highest, 0.001); }

bool are_the_same(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

std::string bar(std::optional<double> value, double low, double high) {
  constexpr std::array<const char*, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (!value || !std::isfinite(*value)) return " ";
  const double share = high > low ? (*value - low) / (high - low) : 0.0;
  // Rounded, so that values near the highest are full bars too.
  const double level = std::round(std::clamp(share, 0.0, 1.0) * (bars.size() - 1));
  return bars[static_cast<std::size_t>(level)];
}

std::string sparkline(const Series& series, double low, double high, std::size_t width) {
  const std::size_t bars_of_one = 2 * series.size() <= width ? 2 : 1;
  std::string line;
  for (const auto& value : resampled(series, width)) {
    for (std::size_t i = 0; i < bars_of_one; ++i) line += bar(value, low, high);
  }
  return line;
}

}  // namespace livecca::tool
