#include "livecca_libtorch/inputs.hpp"

#include <exception>
#include <string>

#include "dense_tensor.hpp"

namespace livecca::libtorch {
namespace {

/// As NumPy says it: a pack that another program recorded has the same word for the same elements.
std::string element_type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kBool:
      return "bool";
    case at::kByte:
      return "uint8";
    case at::kChar:
      return "int8";
    case at::kShort:
      return "int16";
    case at::kInt:
      return "int32";
    case at::kLong:
      return "int64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kComplexFloat:
      return "complex64";
    case at::kComplexDouble:
      return "complex128";
    default:
      return c10::toString(tensor.scalar_type());
  }
}

/// Of a step or a recorder; expects a readable() tensor.
template <typename Listener>
void set_inputs_of(Listener& listener, const at::Tensor& tensor) {
  listener.set_inputs(tensor.data_ptr(), element_type_of(tensor),
                      static_cast<std::size_t>(tensor.element_size()),
                      {tensor.sizes().data(), tensor.sizes().size()},
                      {tensor.strides().data(), tensor.strides().size()});
}

}  // namespace

void set_inputs(Monitor::Step& step, const at::Tensor& inputs) {
  at::Tensor tensor;
  try {
    tensor = readable(inputs);
  } catch (const std::exception& problem) {
    step.report_unwatchable("inputs", first_line(problem));
    return;
  }
  set_inputs_of(step, tensor);
}

void set_inputs(Recorder& recorder, const at::Tensor& inputs) {
  set_inputs_of(recorder, readable(inputs));
}

}  // namespace livecca::libtorch
