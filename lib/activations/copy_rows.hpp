#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "activations/copy_bytes.hpp"
#include "livecca/activations/packed_rows.hpp"

namespace livecca {

/// The bits of the largest usable number. Those of larger ones, infinities and NaN are larger
/// integers, but for the sign.
template <typename Element>
constexpr auto largest_bits() {
  if constexpr (std::is_same_v<Element, double>) {
    return std::bit_cast<std::int64_t>(PackedRows::largest_magnitude);
  } else if constexpr (std::is_same_v<Element, float>) {
    return std::bit_cast<std::int32_t>(std::numeric_limits<float>::max());
  } else if constexpr (std::is_same_v<Element, Eigen::half>) {
    return std::int16_t{0x7bff};
  } else {
    static_assert(std::is_same_v<Element, Eigen::bfloat16>);
    return std::int16_t{0x7f7f};
  }
}

/// Whether every one of a row's features is usable. Without branches on integers, which every
/// processor compares several at a time.
template <typename Element>
bool all_usable(const std::byte* row, std::size_t features) {
  constexpr auto largest = largest_bits<Element>();
  using Bits = std::remove_const_t<decltype(largest)>;
  constexpr Bits without_sign = std::numeric_limits<Bits>::max();
  Bits negative_if_larger = 0;
  for (std::size_t j = 0; j < features; ++j) {
    Bits bits{};
    std::memcpy(&bits, row + j * sizeof(Bits), sizeof(Bits));
    negative_if_larger = static_cast<Bits>(negative_if_larger | (largest - (bits & without_sign)));
  }
  return negative_if_larger >= 0;
}

/// Copies a row of features, all or the chosen ones, and says whether every one of them is usable,
/// and true unless it `looks`.
template <typename Element>
bool copy_row(const std::byte* from, std::int64_t stride, std::span<const std::size_t> chosen,
              std::size_t features, std::byte* to, bool looks) {
  constexpr auto size = sizeof(Element);
  const std::int64_t step = stride * static_cast<std::int64_t>(size);
  if (!chosen.empty()) {
    for (std::size_t j = 0; j < features; ++j) {
      std::memcpy(to + j * size, from + static_cast<std::int64_t>(chosen[j]) * step, size);
    }
  } else if (stride == 1) {
    copy_bytes(to, from, features * size);
  } else {
    for (std::size_t j = 0; j < features; ++j, from += step) {
      std::memcpy(to + j * size, from, size);
    }
  }
  return !looks || all_usable<Element>(to, features);
}

/// Copies positions of one image as rows, at element offsets from where it begins, and says of each
/// row whether it is usable, as copy_row() does. A feature at a time: its positions lie near one
/// another in memory, where those of a row lie a plane apart.
template <typename Element>
void copy_planes(const std::byte* image, std::int64_t stride, std::span<const std::size_t> offsets,
                 std::size_t features, std::byte* to, std::uint8_t* usable, bool looks) {
  constexpr std::size_t most_at_once = 64;  // rows that stay in cache while they fill
  constexpr int planes_ahead = 4;           // the processor asks for too few of them by itself
  constexpr auto size = static_cast<std::int64_t>(sizeof(Element));
  const std::size_t row_bytes = features * sizeof(Element);
  for (; !offsets.empty(); offsets = offsets.subspan(std::min(most_at_once, offsets.size()))) {
    const auto together = offsets.first(std::min(most_at_once, offsets.size()));
    for (std::size_t j = 0; j < features; ++j) {
      const std::byte* plane = image + static_cast<std::int64_t>(j) * stride * size;
      const std::byte* later = plane + static_cast<std::int64_t>(planes_ahead) * stride * size;
      std::byte* into = to + j * sizeof(Element);
      for (const std::size_t offset : together) {
        const std::int64_t place = static_cast<std::int64_t>(offset) * size;
        __builtin_prefetch(later +
                           place);  // beyond the last image it asks for nothing that is used
        std::memcpy(into, plane + place, sizeof(Element));
        into += row_bytes;
      }
    }
    for (std::size_t row = 0; row < together.size(); ++row, to += row_bytes) {
      *usable++ = !looks || all_usable<Element>(to, features) ? 1 : 0;
    }
  }
}

}  // namespace livecca
