#include "padding_mask.hpp"

#include "dense_tensor.hpp"
#include "livecca/common/error.hpp"

namespace livecca::libtorch {

PaddingMask::PaddingMask(const at::Tensor& padding) {
  if (!padding.defined()) return;
  require_dense(padding);
  if (padding.scalar_type() != at::kBool || padding.dim() != 2) {
    throw Error(
        "expected a padding mask of sequences × steps in bool, true for padding as in "
        "src_key_padding_mask, got a " +
        describe(padding));
  }
  valid_ = readable(padding).logical_not().to(at::kByte).contiguous();
}

SequenceMask PaddingMask::valid_steps() const {
  if (!valid_.defined()) return {};
  return {valid_.data_ptr<std::uint8_t>(), static_cast<std::size_t>(valid_.size(0)),
          static_cast<std::size_t>(valid_.size(1))};
}

}  // namespace livecca::libtorch
