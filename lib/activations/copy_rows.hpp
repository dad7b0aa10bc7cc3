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

/// Four features of four neighbouring positions, from planes to rows: by vectors, as one element at
/// a time takes three times as long.
inline void transpose_four(const std::byte* const (&planes)[4], std::byte* to,
                           std::size_t row_bytes) {
  using Four [[gnu::vector_size(16)]] = std::uint32_t;
  Four from[4];
  for (std::size_t j = 0; j < 4; ++j) std::memcpy(&from[j], planes[j], sizeof(Four));
  const Four low_a = __builtin_shufflevector(from[0], from[1], 0, 4, 1, 5);
  const Four low_b = __builtin_shufflevector(from[2], from[3], 0, 4, 1, 5);
  const Four high_a = __builtin_shufflevector(from[0], from[1], 2, 6, 3, 7);
  const Four high_b = __builtin_shufflevector(from[2], from[3], 2, 6, 3, 7);
  const Four rows[4] = {__builtin_shufflevector(low_a, low_b, 0, 1, 4, 5),
                        __builtin_shufflevector(low_a, low_b, 2, 3, 6, 7),
                        __builtin_shufflevector(high_a, high_b, 0, 1, 4, 5),
                        __builtin_shufflevector(high_a, high_b, 2, 3, 6, 7)};
  for (const Four& row : rows) {
    std::memcpy(to, &row, sizeof(Four));
    to += row_bytes;
  }
}

/// Positions of one image that become rows.
struct PlanesToRows {
  const std::byte* image = nullptr;
  std::int64_t plane_bytes = 0;          ///< from feature to feature
  std::span<const std::size_t> offsets;  ///< of the positions in a plane, in elements
  std::size_t features = 0;
};

/// Copies all features of some positions. A few features at a time: their positions lie near one
/// another in memory, where those of a row lie a plane apart.
template <typename Element>
void copy_some_planes(const PlanesToRows& some, std::byte* to) {
  constexpr std::size_t four = 4;
  constexpr auto size = static_cast<std::int64_t>(sizeof(Element));
  const std::size_t row_bytes = some.features * sizeof(Element);
  const std::size_t rows = some.offsets.size();
  const auto at = [&](std::size_t feature, std::size_t row) {
    return some.image + static_cast<std::int64_t>(feature) * some.plane_bytes +
           static_cast<std::int64_t>(some.offsets[row]) * size;
  };
  const auto are_neighbours = [&](std::size_t row) {
    if (sizeof(Element) != four || row + four > rows) return false;
    const std::size_t* offsets = &some.offsets[row];
    return offsets[1] == offsets[0] + 1 && offsets[2] == offsets[0] + 2 &&
           offsets[3] == offsets[0] + 3;
  };
  for (std::size_t feature = 0; feature < some.features; feature += four) {
    const std::size_t count = std::min(four, some.features - feature);
    for (std::size_t row = 0; row < rows;) {
      // The processor asks for too few planes by itself. Beyond the last one nothing is used.
      for (std::size_t j = 0; j < four; ++j) __builtin_prefetch(at(feature + four + j, row));
      std::byte* into = to + row * row_bytes + feature * sizeof(Element);
      if (count == four && are_neighbours(row)) {
        transpose_four(
            {at(feature, row), at(feature + 1, row), at(feature + 2, row), at(feature + 3, row)},
            into, row_bytes);
        row += four;
        continue;
      }
      for (std::size_t j = 0; j < count; ++j) {
        std::memcpy(into + j * sizeof(Element), at(feature + j, row), sizeof(Element));
      }
      ++row;
    }
  }
}

/// Copies positions of one image as rows, and says of each row whether it is usable, as copy_row()
/// does.
template <typename Element>
void copy_planes(PlanesToRows planes, std::byte* to, std::uint8_t* usable, bool looks) {
  constexpr std::size_t most_at_once = 64;  // rows that stay in cache while they fill
  const std::size_t row_bytes = planes.features * sizeof(Element);
  while (!planes.offsets.empty()) {
    PlanesToRows some = planes;
    some.offsets = planes.offsets.first(std::min(most_at_once, planes.offsets.size()));
    planes.offsets = planes.offsets.subspan(some.offsets.size());
    copy_some_planes<Element>(some, to);
    for (std::size_t row = 0; row < some.offsets.size(); ++row, to += row_bytes) {
      *usable++ = !looks || all_usable<Element>(to, planes.features) ? 1 : 0;
    }
  }
}

}  // namespace livecca
