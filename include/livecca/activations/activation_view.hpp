#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/common/export.hpp"

namespace livecca {

/// Element types that are read where they lie. All arithmetic is float64.
enum class DType : std::uint8_t { float16, bfloat16, float32, float64 };

/// Bytes of one element.
LIVECCA_EXPORT std::size_t size_of(DType dtype);
/// Half of the distance from 1 to the next number: what rounding to the type changes, relatively.
LIVECCA_EXPORT double roundoff_of(DType dtype);
/// "float16", "bfloat16", "float32" or "float64"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(DType dtype);

/// A borrowed n-dimensional array: pointer, element type, shape and strides. It owns nothing and
/// copies nothing; the memory must stay as it is until the call that takes the view returns.
///
/// Strides count elements and may be negative or zero (a broadcast axis).
class LIVECCA_EXPORT ActivationView {
 public:
  static constexpr std::size_t max_rank = 8;

  /// Throws Error if the ranks of shape and strides differ or exceed max_rank, an extent is
  /// negative, or data is null though there are elements.
  ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape,
                 std::span<const std::int64_t> strides);
  /// The same for an array in C order (the last axis is contiguous).
  ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape);

  /// The same view of values that were rounded before, to a coarser type or within larger numbers:
  /// `roundoff` is what that may have changed them by, relative to their root mean square.
  ActivationView with_roundoff(double roundoff) const;

  const void* data() const { return data_; }
  DType dtype() const { return dtype_; }
  /// roundoff_of(dtype()), or what with_roundoff() said if that is more.
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
