#pragma once

#include <torch/nn/module.h>

#include <memory>

#include "livecca/common/export.hpp"

namespace livecca::libtorch {

/// Makes a pass over the probe leave no trace. While this object lives, the module is in evaluation
/// mode and this thread records no gradients. At its end every submodule gets its own mode back (a
/// frozen one stays in evaluation mode), gradient recording is as before, and so is the CPU's
/// random generator. Batch-norm statistics do not change in evaluation mode.
///
/// Borrows the module, whose structure must not change meanwhile. Does not touch the random
/// generators of other devices; evaluation mode by itself does not use them. Cost: O(submodules),
/// and a copy of the generator's 5 kB. Thread safety: none; end it on the thread that made it.
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
