#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "activations/layout_axes.hpp"
#include "livecca/activations/packed_rows.hpp"

namespace livecca {

/// What is read, and where it lies.
struct PackedRows::Source {
  const std::byte* data;
  DType dtype;
  ActivationShape shape;
  Addresses at;
  std::size_t features;                      ///< of a row
  std::span<const std::size_t> chosen = {};  ///< which of the view's these are; empty: all

  // Of gathered rows: how many each image has. They lie `at.width` apart.
  std::size_t gathered_per_image = 0;
  std::span<const std::int64_t> gathered_from = {};  ///< the position of each row

  bool is_gathered() const { return gathered_per_image > 0; }
  /// The values of an image from that position on.
  const std::byte* values(std::size_t image, std::int64_t offset) const {
    return data + (static_cast<std::int64_t>(image) * at.image + offset) *
                      static_cast<std::int64_t>(size_of(dtype));
  }
  /// Of gathered rows, `position` is the row's number in its image.
  const std::byte* position(std::size_t image, std::size_t position) const {
    return values(image, is_gathered() ? static_cast<std::int64_t>(position) * at.width
                                       : at.of_position(position, shape.grid));
  }
  /// Whether these positions of an image were gathered, in this order.
  bool has_gathered(std::size_t image, std::span<const std::size_t> positions) const {
    const auto from = gathered_from.subspan(image * gathered_per_image, positions.size());
    return std::ranges::equal(from, positions, [](std::int64_t one, std::size_t other) {
      return one >= 0 && static_cast<std::size_t>(one) == other;
    });
  }
};

}  // namespace livecca
