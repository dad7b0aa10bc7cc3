#pragma once

#include <cstddef>

namespace livecca::tool {

/// How a file holds integers. Booleans are unsigned ones of a byte.
struct IntegerType {
  std::size_t bytes = 0;  ///< 1, 2, 4 or 8
  bool is_signed = false;
  bool swapped = false;  ///< the other byte order than this machine's
};

/// Writes `count` integers as float64, rounded beyond 2^53. Neither side need be aligned.
void integers_to_float64(const IntegerType& type, const std::byte* from, std::size_t count,
                         std::byte* to);

}  // namespace livecca::tool
