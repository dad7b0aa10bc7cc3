#include "arrays.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

using Code = nb::dlpack::dtype_code;

struct FloatType {
  Code code;
  std::uint8_t bits;
  DType dtype;
};
constexpr std::array float_types{
    FloatType{Code::Float, 16, DType::float16}, FloatType{Code::Bfloat, 16, DType::bfloat16},
    FloatType{Code::Float, 32, DType::float32}, FloatType{Code::Float, 64, DType::float64}};

const FloatType* float_type(nb::dlpack::dtype dtype) {
  const auto* const found = std::ranges::find_if(float_types, [&](const FloatType& type) {
    return dtype.code == static_cast<std::uint8_t>(type.code) && dtype.bits == type.bits &&
           dtype.lanes == 1;
  });
  return found == float_types.end() ? nullptr : found;
}

std::string kind_text(std::uint8_t code) {
  switch (static_cast<Code>(code)) {
    case Code::Int:
      return "int";
    case Code::UInt:
      return "uint";
    case Code::Float:
      return "float";
    case Code::Bfloat:
      return "bfloat";
    case Code::Complex:
      return "complex";
    default:
      return "type " + std::to_string(code) + " of bits ";
  }
}

}  // namespace

std::string dtype_text(const Array& array) {
  const nb::dlpack::dtype dtype = array.dtype();
  if (dtype.code == static_cast<std::uint8_t>(Code::Bool)) return "bool";
  return kind_text(dtype.code) + std::to_string(dtype.bits);
}

ActivationView view_of(const Array& array, const std::string& name) {
  if (array.device_type() != nb::device::cpu::value) {
    throw Error(name + ": expected an array in the CPU's memory, got one on another device; copy " +
                "it first, for example with .cpu()");
  }
  const FloatType* const type = float_type(array.dtype());
  if (type == nullptr) {
    throw Error(name + ": expected float16, bfloat16, float32 or float64, got " +
                dtype_text(array));
  }
  if (array.ndim() > ActivationView::max_rank) {
    throw Error(name + ": expected at most " + std::to_string(ActivationView::max_rank) +
                " axes, got " + std::to_string(array.ndim()));
  }
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
    shape.push_back(static_cast<std::int64_t>(array.shape(axis)));
    strides.push_back(array.stride(axis));
  }
  return {array.data(), type->dtype, shape, strides};
}

ArrayTensor::ArrayTensor(Array array, std::string name)
    : array_(std::move(array)), name_(std::move(name)), view_(view_of(array_, name_)) {
  const auto shape = view_.shape();
  if (shape.empty() || std::ranges::find(shape, 0) != shape.end()) {
    throw Error(name_ + ": expected axes that are not empty, got shape " + tool::shape_text(shape));
  }
}

ActivationView ArrayTensor::entries(std::size_t first, std::size_t count) {
  std::vector<std::int64_t> shape(view_.shape().begin(), view_.shape().end());
  shape[0] = static_cast<std::int64_t>(count);
  const auto offset = static_cast<std::int64_t>(first) * view_.strides()[0] *
                      static_cast<std::int64_t>(size_of(view_.dtype()));
  return {static_cast<const std::byte*>(view_.data()) + offset, view_.dtype(), shape,
          view_.strides()};
}

std::shared_ptr<const tool::HeldMask> mask_of(const Array& values, const std::string& name,
                                              Layout layout) {
  std::vector<std::int64_t> shape;
  for (std::size_t axis = 0; axis < values.ndim(); ++axis) {
    shape.push_back(static_cast<std::int64_t>(values.shape(axis)));
  }
  const std::span numbers(static_cast<const double*>(values.data()), values.size());
  return std::make_shared<tool::HeldMask>(name, shape, numbers, layout);
}

}  // namespace livecca::python
