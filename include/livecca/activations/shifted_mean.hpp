#pragma once

#include <cstddef>
#include <vector>

namespace livecca {

/// A mean, stored as origin + offset. The origin is one of the rows. So the difference of two means
/// keeps its digits even if the activations lie around 1e8, where one float64 would lose them.
struct ShiftedMean {
  std::vector<double> origin;
  std::vector<double> offset;

  std::size_t size() const { return origin.size(); }
  double value(std::size_t feature) const { return origin[feature] + offset[feature]; }

  /// this − other. The order of operations cancels exactly if the origins are close.
  double minus(const ShiftedMean& other, std::size_t feature) const {
    return (origin[feature] - other.origin[feature]) + (offset[feature] - other.offset[feature]);
  }
};

}  // namespace livecca
