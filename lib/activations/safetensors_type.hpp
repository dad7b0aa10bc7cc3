#pragma once

#include <optional>
#include <string_view>

#include "livecca/activations/activation_view.hpp"

namespace livecca {

/// What a safetensors file calls the type: "F16", "BF16", "F32" or "F64".
constexpr const char* safetensors_type_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return "F16";
    case DType::bfloat16:
      return "BF16";
    case DType::float32:
      return "F32";
    case DType::float64:
      return "F64";
  }
  return nullptr;
}

/// The type that a safetensors file calls that; nothing for integers and others.
constexpr std::optional<DType> dtype_of_safetensors(std::string_view type) {
  for (int i = 0;; ++i) {
    const auto dtype = static_cast<DType>(i);
    const char* known = safetensors_type_of(dtype);
    if (known == nullptr) return std::nullopt;
    if (type == known) return dtype;
  }
}

}  // namespace livecca
