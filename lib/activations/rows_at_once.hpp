#pragma once

#include <algorithm>
#include <cstdint>

namespace livecca {

/// How many rows of a recording are read at a time: whole images, about 4096 rows. That is large
/// enough for the products and small enough to stay in cache.
constexpr std::uint64_t rows_at_once(std::uint64_t rows_per_image) {
  return std::max<std::uint64_t>(1, 4096 / rows_per_image) * rows_per_image;
}

}  // namespace livecca
