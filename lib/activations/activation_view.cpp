#include "livecca/activations/activation_view.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max();

std::size_t checked_rank(std::span<const std::int64_t> shape,
                         std::span<const std::int64_t> strides) {
  if (shape.size() != strides.size()) {
    throw Error("activation view: expected one stride per axis, got " +
                std::to_string(shape.size()) + " axes and " + std::to_string(strides.size()) +
                " strides");
  }
  if (shape.size() > ActivationView::max_rank) {
    throw Error("activation view: expected at most 8 axes, got " + std::to_string(shape.size()));
  }
  return shape.size();
}

std::array<std::int64_t, ActivationView::max_rank> c_order(std::span<const std::int64_t> shape) {
  std::array<std::int64_t, ActivationView::max_rank> strides{};
  std::int64_t stride = 1;
  for (std::size_t axis = std::min(shape.size(), strides.size()); axis-- > 0;) {
    strides[axis] = stride;
    // Elements that are so far apart are refused, if there are any.
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(shape[axis], 1), &stride)) {
      stride = farthest;
    }
  }
  return strides;
}

/// The stride of an axis of one entry is never used, and may be anything: here it is one that no
/// multiplication makes overflow.
std::int64_t used_stride(std::int64_t extent, std::int64_t stride) {
  const bool is_huge = stride > farthest / 8 || stride < -(farthest / 8);
  return extent <= 1 && is_huge ? 0 : stride;
}

/// Whether every element lies less than 2^63 bytes from the first.
bool is_addressable(DType dtype, std::span<const std::int64_t> shape,
                    std::span<const std::int64_t> strides) {
  std::int64_t bytes = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    std::int64_t span = 0;
    if (strides[axis] == std::numeric_limits<std::int64_t>::min() ||
        __builtin_mul_overflow(shape[axis] - 1, std::abs(strides[axis]), &span) ||
        __builtin_mul_overflow(span, static_cast<std::int64_t>(size_of(dtype)), &span) ||
        __builtin_add_overflow(bytes, span, &bytes)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
    case DType::bfloat16:
      return 2;
    case DType::float32:
      return 4;
    case DType::float64:
      return 8;
  }
  return 0;
}

double roundoff_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return 0x1p-11;
    case DType::bfloat16:
      return 0x1p-8;
    case DType::float32:
      return 0x1p-24;
    case DType::float64:
      break;
  }
  return 0x1p-53;
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return "float16";
    case DType::bfloat16:
      return "bfloat16";
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
  }
  return nullptr;
}

ActivationView::ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape,
                               std::span<const std::int64_t> strides)
    : data_(data),
      dtype_(dtype),
      roundoff_(roundoff_of(dtype)),
      rank_(checked_rank(shape, strides)) {
  std::ranges::copy(shape, shape_.begin());
  std::ranges::transform(shape, strides, strides_.begin(), used_stride);
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; })) {
    throw Error("activation view: expected extents of 0 or more, got a negative one");
  }
  const bool empty = std::ranges::any_of(shape, [](std::int64_t extent) { return extent == 0; });
  if (data == nullptr && !empty) throw Error("activation view: expected data, got a null pointer");
  if (!empty && !is_addressable(dtype, shape, this->strides())) {
    throw Error("activation view: expected elements within 2^63 bytes, got some farther apart");
  }
}

ActivationView::ActivationView(const void* data, DType dtype, std::span<const std::int64_t> shape)
    : ActivationView(
          data, dtype, shape,
          std::span<const std::int64_t>(c_order(shape)).first(std::min(shape.size(), max_rank))) {}

ActivationView ActivationView::with_roundoff(double roundoff) const {
  ActivationView view = *this;
  view.roundoff_ = std::max(roundoff_of(dtype_), roundoff);
  return view;
}

}  // namespace livecca
