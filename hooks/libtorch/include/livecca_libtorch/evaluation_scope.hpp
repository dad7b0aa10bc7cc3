#pragma once

#include <torch/nn/module.h>

#include <memory>

#include "livecca/common/export.hpp"

namespace livecca::libtorch {

/// While it lives, a module is in evaluation mode and this thread records no gradients: a pass over
/// the probe that leaves no trace. At its end each submodule has the mode that it had before (one
/// that was frozen in evaluation mode stays so), gradients are as before, and so is the CPU's
/// random generator. Batch-norm statistics do not move in evaluation mode.
///
/// The module is borrowed and its structure must not change meanwhile. The random generators of
/// other devices are not touched; evaluation mode does not draw from them by itself.
/// Cost: O(submodules) and a copy of the generator's 5 kB. Thread safety: none; gradients are off
/// on the thread that made it, and it must end there.
class LIVECCA_EXPORT EvaluationScope {
 public:
  explicit EvaluationScope(torch::nn::Module& module);
  ~EvaluationScope();
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace livecca::libtorch
