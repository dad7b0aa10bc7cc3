#include "dense_tensor.hpp"

#include "livecca/common/error.hpp"

namespace livecca::libtorch {

std::string describe(const at::Tensor& tensor) {
  std::string text = std::string(c10::toString(tensor.scalar_type())) + " tensor of ";
  if (tensor.dim() == 0) return text + "no axes";
  for (std::int64_t axis = 0; axis < tensor.dim(); ++axis) {
    text += (axis == 0 ? "" : " × ") + std::to_string(tensor.size(axis));
  }
  return text;
}

std::string first_line(const std::exception& problem) {
  const std::string what = problem.what();
  return what.substr(0, what.find('\n'));
}

void require_dense(const at::Tensor& tensor) {
  if (!tensor.defined()) throw Error("expected a tensor, got an undefined one");
  if (tensor.layout() != at::kStrided) {
    throw Error("expected a dense tensor, got a sparse or opaque " + describe(tensor));
  }
}

at::Tensor readable(const at::Tensor& tensor) {
  require_dense(tensor);
  return tensor.detach().cpu().resolve_conj().resolve_neg();
}

}  // namespace livecca::libtorch
