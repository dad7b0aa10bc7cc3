#pragma once

#include <ATen/core/Tensor.h>

#include "livecca/activations/sequence_mask.hpp"

namespace livecca::libtorch {

/// A mask as LibTorch has them, true for padding, as the mask of valid steps that livecca takes.
class PaddingMask {
 public:
  /// An undefined tensor is no mask. Copies. Throws Error if the tensor is no mask.
  explicit PaddingMask(const at::Tensor& padding);

  /// Borrows from this object.
  SequenceMask valid_steps() const;

 private:
  at::Tensor valid_;  ///< sequences × steps, uint8, on the CPU
};

}  // namespace livecca::libtorch
