#pragma once

#include <ATen/core/Tensor.h>

#include <exception>
#include <string>

namespace livecca::libtorch {

/// "Float tensor of 8 × 3 × 5", for messages.
std::string describe(const at::Tensor& tensor);

/// What an error says, without the backtrace that LibTorch puts on further lines.
std::string first_line(const std::exception& problem);

/// Throws Error unless the tensor is there and its elements lie in memory one by one.
void require_dense(const at::Tensor& tensor);

/// The tensor, or a copy of it, so that its elements can be read where they lie: on the CPU, and
/// not lazily negated or conjugated. Throws Error as require_dense().
at::Tensor readable(const at::Tensor& tensor);

}  // namespace livecca::libtorch
