#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/common/export.hpp"

namespace livecca {

/// The element types that livecca reads without a copy. It computes in float64.
enum class DType : std::uint8_t { float16, bfloat16, float32, float64 };

/// Bytes of one element.
LIVECCA_EXPORT std::size_t size_of(DType dtype);
/// The largest relative error of rounding to this type: half the distance from 1 to the next
/// number.
LIVECCA_EXPORT double roundoff_of(DType dtype);
/// "float16", "bfloat16", "float32" or "float64"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(DType dtype);

/// A borrowed n-dimensional array: pointer, element type, shape and strides. It owns and copies
/// nothing. The memory must not change until the call that takes the view returns.
///
/// Strides count elements. They may be negative, or zero for a broadcast axis.
class LIVECCA_EXPORT ActivationView {
 public:
  static constexpr std::size_t max_rank = 8;

  /// Throws Error if shape and strides have different lengths or more than max_rank entries, if an
  /// extent is negative, if data is null although there are elements, or if they span 2^63 bytes.
  ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape,
                 std::span<const std::int64_t> strides);
  /// An array in C order: the last axis is contiguous.
  ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape);

  /// The same view, for values that were already rounded, for example to a coarser type. `roundoff`
  /// is the error of that rounding, relative to the root mean square of the values.
  ActivationView with_roundoff(double roundoff) const;

  const void* data() const { return data_; }
  DType dtype() const { return dtype_; }
  /// The larger of roundoff_of(dtype()) and the value given to with_roundoff().
  double roundoff() const { return roundoff_; }
  std::size_t rank() const { return rank_; }
  std::span<const std::int64_t> shape() const { return {shape_.data(), rank_}; }
  std::span<const std::int64_t> strides() const { return {strides_.data(), rank_}; }

 private:
  const void* data_;
  DType dtype_;
  double roundoff_;
  std::size_t rank_;
  std::array<std::int64_t, max_rank> shape_{};
  std::array<std::int64_t, max_rank> strides_{};
};

}  // namespace livecca
