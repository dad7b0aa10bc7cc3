#pragma once

#include <vector>

#include "livecca/activations/packed_rows.hpp"

namespace livecca_tests {

/// Row-major rows × features, as they are.
inline std::vector<double> values_of(const livecca::PackedRows& rows) {
  std::vector<double> values(rows.rows() * rows.features());
  rows.read(0, rows.rows(), values);
  return values;
}

/// The same after center(): less the mean, times √w.
inline std::vector<double> centered_values_of(const livecca::PackedRows& rows) {
  std::vector<double> values(rows.rows() * rows.features());
  rows.read_centered(0, rows.rows(), values);
  return values;
}

}  // namespace livecca_tests
