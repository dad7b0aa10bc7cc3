#pragma once

#include <cstddef>
#include <vector>

namespace livecca {

/// A mean held as origin + offset, the origin being one of the rows: differences of two means keep
/// all their digits when the neurons sit on an offset of 1e8 that a single float64 would spend them
/// on.
struct ShiftedMean {
  std::vector<double> origin;
  std::vector<double> offset;

  std::size_t size() const { return origin.size(); }
  double value(std::size_t feature) const { return origin[feature] + offset[feature]; }

  /// this − other, in the order that cancels exactly where the origins are near each other.
  double minus(const ShiftedMean& other, std::size_t feature) const {
    return (origin[feature] - other.origin[feature]) + (offset[feature] - other.offset[feature]);
  }
};

}  // namespace livecca
