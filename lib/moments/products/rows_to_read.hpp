#pragma once

#include <cstddef>

#include "livecca/activations/activation_view.hpp"

namespace livecca {

/// Packed rows, and how they are centred and weighted: root · ((value − origin) − offset).
struct RowsToRead {
  const void* elements = nullptr;  ///< row-major
  DType dtype = DType::float64;
  std::size_t features = 0;
  std::size_t first = 0;  ///< of the rows to read
  std::size_t count = 0;
  const double* root_weights = nullptr;  ///< of all rows
  double weight_sum = 0;                 ///< of all rows
  const double* origin = nullptr;        ///< of all features
  const double* offset = nullptr;
};

/// What is found of rows before they are centred; an entry a feature of the tap.
struct Means {
  double* origin = nullptr;   ///< the first row
  double* offset = nullptr;   ///< the weighted mean, less the origin
  double* largest = nullptr;  ///< no centred and weighted value is larger
};

}  // namespace livecca
