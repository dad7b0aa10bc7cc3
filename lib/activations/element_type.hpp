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

// NaN fails every comparison, so this leaves out NaN, infinity and what would overflow when it is
// squared.
inline bool is_usable(double value, double largest) { return std::abs(value) <= largest; }

}  // namespace livecca
