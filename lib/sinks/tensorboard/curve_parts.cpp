#include "sinks/tensorboard/curve_parts.hpp"

#include <algorithm>

namespace livecca {

std::string CurveParts::ending_of(const std::string& name, const MeasureRow& row) {
  Curve& curve = curves_[name];
  if (row.value) {  // without one, it says nothing of the curve
    const Conditions now = conditions_of(row);
    const auto is_alike = [&](const Conditions& part) { return difference(part, now).empty(); };
    if (curve.parts.empty() || !is_alike(curve.parts[curve.last])) {
      const auto found = std::ranges::find_if(curve.parts, is_alike);
      curve.last = static_cast<std::size_t>(found - curve.parts.begin());
      if (found == curve.parts.end()) curve.parts.push_back(now);
    }
  }
  return curve.last == 0 ? "" : "~~" + std::to_string(curve.last + 1);
}

}  // namespace livecca
