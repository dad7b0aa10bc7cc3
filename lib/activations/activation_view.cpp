#include "livecca/activations/activation_view.hpp"

#include <algorithm>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

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
    stride *= std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
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
  std::ranges::copy(strides, strides_.begin());
  if (std::ranges::any_of(shape, [](std::int64_t extent) { return extent < 0; })) {
    throw Error("activation view: expected extents of 0 or more, got a negative one");
  }
  const bool empty = std::ranges::any_of(shape, [](std::int64_t extent) { return extent == 0; });
  if (data == nullptr && !empty) throw Error("activation view: expected data, got a null pointer");
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
