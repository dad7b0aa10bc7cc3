#pragma once

#include <Eigen/Core>
#include <array>
#include <type_traits>

#include "livecca/activations/activation_view.hpp"

namespace livecca {

/// A view of an Eigen matrix, map or block: rows are samples, columns are neurons (layout nc). It
/// copies nothing and takes any storage order and strides. The storage must outlive the view. A
/// temporary matrix, or an expression without storage such as a + b, does not compile.
template <typename Derived>
ActivationView view_of(const Eigen::DenseBase<Derived>& matrix) {
  using Scalar = typename Derived::Scalar;
  static_assert((Eigen::internal::traits<Derived>::Flags & Eigen::DirectAccessBit) != 0,
                "an expression without storage: evaluate it into a matrix first");
  const Derived& m = matrix.derived();
  constexpr DType dtype = [] {
    if constexpr (std::is_same_v<Scalar, double>)
      return DType::float64;
    else if constexpr (std::is_same_v<Scalar, float>)
      return DType::float32;
    else if constexpr (std::is_same_v<Scalar, Eigen::half>)
      return DType::float16;
    else {
      static_assert(std::is_same_v<Scalar, Eigen::bfloat16>, "float64, float32, half or bfloat16");
      return DType::bfloat16;
    }
  }();
  const std::array<std::int64_t, 2> shape{m.rows(), m.cols()};
  const std::array<std::int64_t, 2> strides{m.rowStride(), m.colStride()};
  return ActivationView(m.data(), dtype, shape, strides);
}

template <typename Derived>
ActivationView view_of(const Eigen::PlainObjectBase<Derived>&& matrix) = delete;

}  // namespace livecca
