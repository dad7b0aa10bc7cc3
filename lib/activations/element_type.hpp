#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "livecca/activations/activation_view.hpp"

namespace livecca {

/// Calls `function` with a value of the element type.
template <typename Function>
void with_element_type(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::float16:
      return function(Eigen::half{});
    case DType::bfloat16:
      return function(Eigen::bfloat16{});
    case DType::float32:
      return function(float{});
    case DType::float64:
      return function(double{});
  }
}

/// Elements are read through memcpy: a borrowed pointer need not be aligned for its type.
template <typename Element>
Element load(const std::byte* from) {
  Element element;
  std::memcpy(&element, from, sizeof(Element));
  return element;
}

// NaN fails every comparison, so these leave out NaN, infinity and, in float64, what would overflow
// when it is squared.
inline bool is_usable(double value, double largest) { return std::abs(value) <= largest; }
inline bool is_usable(float value, double) { return std::isfinite(value); }
// By their exponents: converting each value first would cost more than copying it.
inline bool is_usable(Eigen::half value, double) {
  return (Eigen::numext::bit_cast<std::uint16_t>(value) & 0x7C00U) != 0x7C00U;
}
inline bool is_usable(Eigen::bfloat16 value, double) {
  return (Eigen::numext::bit_cast<std::uint16_t>(value) & 0x7F80U) != 0x7F80U;
}

}  // namespace livecca
