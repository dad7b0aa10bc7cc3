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

  template <typename Element>
  static void largest_of_elements(const RowsToRead& rows, std::size_t begin, std::size_t end,
                                  double* largest) {
    for (std::size_t number = 0; number < rows.count; ++number) {
      const Row<Element> row(rows, number);
      for (std::size_t j = begin; j < end; ++j) {
        const double value = row.centred(j);
        const double size = value < 0 ? -value : value;
        largest[j] = largest[j] < size ? size : largest[j];
      }
    }
  }

  template <typename Function>
  static void with_elements(DType dtype, const Function& function) {
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

  static void pack(const RowsToRead& rows, std::size_t begin, std::size_t end,
                   const double* factors, Scalar* panels, std::size_t stride) {
    with_elements(rows.dtype, [&](auto element) {
      constexpr bool is_scaled = sizeof(Scalar) == sizeof(float);
      pack_elements<decltype(element), is_scaled>(rows, begin, end, factors, panels, stride);
    });
  }

  static void find_largest(const RowsToRead& rows, std::size_t begin, std::size_t end,
                           double* largest) {
    with_elements(rows.dtype, [&](auto element) {
      largest_of_elements<decltype(element)>(rows, begin, end, largest);
    });
  }
};

}  // namespace
}  // namespace livecca
