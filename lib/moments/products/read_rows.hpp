#pragma once

#include <cstddef>
#include <cstdint>

#include "moments/products/rows_to_read.hpp"

// Reading rows for products, see add_tile.hpp on what sources that include this may hold.

namespace livecca {
namespace {

/// Bits of a float32.
inline float float_of(std::uint32_t bits) {
  float number;
  __builtin_memcpy(&number, &bits, sizeof number);
  return number;
}

/// float16 as float32, exactly; not of infinity or NaN, which no row has. Without branches, so that
/// it is done on whole vectors, and without subnormal numbers, which a process may flush to 0.
inline float from_half(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t rest = bits & 0x7FFFU;
  const float normal = float_of((rest << 13U) + (112U << 23U));
  const float subnormal = static_cast<float>(static_cast<std::int32_t>(rest)) * 0x1p-24F;
  const float magnitude = rest < 0x400U ? subnormal : normal;
  std::uint32_t magnitude_bits;
  __builtin_memcpy(&magnitude_bits, &magnitude, sizeof magnitude);
  return float_of(sign | magnitude_bits);
}

struct Half {
  using Stored = std::uint16_t;
  static double number(Stored bits) { return from_half(bits); }
};
struct BrainFloat {
  using Stored = std::uint16_t;
  static double number(Stored bits) { return float_of(std::uint32_t{bits} << 16U); }
};
template <typename Number>
struct Plain {
  using Stored = Number;
  static double number(Number number) { return number; }
};

template <typename Function>
inline void with_elements(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::float16:
      return function(Half());
    case DType::bfloat16:
      return function(BrainFloat());
    case DType::float32:
      return function(Plain<float>());
    case DType::float64:
      return function(Plain<double>());
  }
}

/// Panels of Scalar, `panel` features wide, as TileOperand has them.
template <typename Scalar, std::size_t panel>
struct RowPacking {
  template <typename Element>
  struct Row {
    const typename Element::Stored* elements;
    double root;
    const RowsToRead& rows;

    Row(const RowsToRead& of, std::size_t number)
        : elements(static_cast<const typename Element::Stored*>(of.elements) +
                   (of.first + number) * of.features),
          root(of.root_weights[of.first + number]),
          rows(of) {}

    double centred(std::size_t feature) const {
      typename Element::Stored stored;  // which may not be aligned
      __builtin_memcpy(&stored, elements + feature, sizeof stored);
      return root * ((Element::number(stored) - rows.origin[feature]) - rows.offset[feature]);
    }
  };

  template <typename Element, bool is_scaled>
  static void pack_elements(const RowsToRead& rows, std::size_t begin, std::size_t end,
                            const double* factors, Scalar* panels, std::size_t stride) {
    for (std::size_t number = 0; number < rows.count; ++number) {
      const Row<Element> row(rows, number);
      Scalar* to = panels + number * panel;
      std::size_t first = begin;
      for (; first + panel <= end; first += panel, to += stride) {
        for (std::size_t j = 0; j < panel; ++j) {
          const double value = row.centred(first + j);
          to[j] = static_cast<Scalar>(is_scaled ? value * factors[first + j] : value);
        }
      }
      if (first >= end) continue;
      for (std::size_t j = 0; j < panel; ++j) {
        const double value = first + j < end ? row.centred(first + j) : 0;
        to[j] =
            static_cast<Scalar>(is_scaled && first + j < end ? value * factors[first + j] : value);
      }
    }
  }

  static void pack(const RowsToRead& rows, std::size_t begin, std::size_t end,
                   const double* factors, Scalar* panels, std::size_t stride) {
    with_elements(rows.dtype, [&](auto element) {
      constexpr bool is_scaled = sizeof(Scalar) == sizeof(float);
      pack_elements<decltype(element), is_scaled>(rows, begin, end, factors, panels, stride);
    });
  }
};

/// The mean of every feature and how far its values are from it, by vectors of `bytes`.
template <std::size_t bytes>
struct RowMeans {
  static constexpr std::size_t lanes = bytes / sizeof(double);
  static constexpr std::size_t vectors = 3;
  static constexpr std::size_t together = vectors * lanes;
  // Rows are far apart, so that the processor does not see which lines come next.
  static constexpr std::size_t rows_ahead = 16;
  using Vector [[gnu::vector_size(bytes), gnu::aligned(alignof(double)), gnu::may_alias]] = double;

  template <typename Element>
  static Vector load(const typename Element::Stored* from) {
    double numbers[lanes];
    for (std::size_t j = 0; j < lanes; ++j) {
      typename Element::Stored stored;  // which may not be aligned
      __builtin_memcpy(&stored, from + j, sizeof stored);
      numbers[j] = Element::number(stored);
    }
    Vector result;
    __builtin_memcpy(&result, numbers, sizeof result);
    return result;
  }

  /// Some features of the rows. At the edge there are fewer than `together`, and 0 for the rest.
  template <typename Element>
  struct Columns {
    using Stored = typename Element::Stored;
    const RowsToRead& rows;
    std::size_t first;
    std::size_t count;
    Stored some[together] = {};

    const Stored* of_row(std::size_t row) {
      const auto* elements =
          static_cast<const Stored*>(rows.elements) + row * rows.features + first;
      __builtin_prefetch(elements + rows_ahead * rows.features);
      if (count == together) return elements;
      for (std::size_t j = 0; j < count; ++j) {
        __builtin_memcpy(some + j, elements + j, sizeof(Stored));
      }
      return some;
    }
  };

  /// Sums and extremes, less the first row: so a constant feature is exactly 0 whatever its value,
  /// and a large offset does not take the digits of the sum.
  struct Found {
    Vector origin[vectors];
    Vector sums[vectors];
    Vector low[vectors];
    Vector high[vectors];
    double largest_root;
  };

  template <typename Element>
  static void find_some(const RowsToRead& rows, std::size_t first, std::size_t count,
                        const Means& means) {
    Columns<Element> columns{rows, first, count};
    Found found = {};
    const auto* elements = columns.of_row(0);
    for (std::size_t v = 0; v < vectors; ++v) {
      found.origin[v] = load<Element>(elements + v * lanes);
    }
    for (std::size_t row = 0; row < rows.count; ++row) {
      elements = columns.of_row(row);
      const double root = rows.root_weights[row];
      const double weight = root * root;
      found.largest_root = found.largest_root < root ? root : found.largest_root;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        const Vector apart = load<Element>(elements + v * lanes) - found.origin[v];
        found.sums[v] += weight * apart;
        found.low[v] = apart < found.low[v] ? apart : found.low[v];
        found.high[v] = apart > found.high[v] ? apart : found.high[v];
      }
    }
    write(found, rows.weight_sum, first, count, means);
  }

  static void write(const Found& found, double weight_sum, std::size_t first, std::size_t count,
                    const Means& means) {
    const auto* origin = reinterpret_cast<const double*>(found.origin);
    const auto* sums = reinterpret_cast<const double*>(found.sums);
    const auto* low = reinterpret_cast<const double*>(found.low);
    const auto* high = reinterpret_cast<const double*>(found.high);
    for (std::size_t j = 0; j < count; ++j) {
      const double offset = sums[j] / weight_sum;
      const double above = high[j] - offset;
      const double below = offset - low[j];
      means.origin[first + j] = origin[j];
      means.offset[first + j] = offset;
      means.largest[first + j] = found.largest_root * (above < below ? below : above);
    }
  }

  static void find(const RowsToRead& rows, std::size_t begin, std::size_t end, const Means& means) {
    with_elements(rows.dtype, [&](auto element) {
      for (std::size_t first = begin; first < end; first += together) {
        const std::size_t left = end - first;
        find_some<decltype(element)>(rows, first, left < together ? left : together, means);
      }
    });
  }
};

}  // namespace
}  // namespace livecca
