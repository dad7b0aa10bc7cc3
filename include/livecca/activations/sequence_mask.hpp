#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Says which steps of each sequence are valid. The other steps are padding. Their values are never
/// read, so they may be NaN. The mask borrows its bytes or lengths. They must not change until the
/// call that takes the mask returns.
class LIVECCA_EXPORT SequenceMask {
 public:
  /// No mask: every step is valid.
  SequenceMask() = default;
  /// `valid` holds one byte per step, 1 for valid and 0 for not valid: sequences × steps in C
  /// order. Throws Error if it is null although there are steps.
  SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps);
  /// The same, with strides in bytes. For example, bytes in the order steps × sequences have a
  /// sequence stride of 1 and a step stride of `sequences`.
  SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps,
               std::int64_t sequence_stride, std::int64_t step_stride);
  /// The first lengths[i] steps of sequence i are valid.
  static SequenceMask of_lengths(std::span<const std::int64_t> lengths);

  bool is_given() const { return kind_ != Kind::none; }
  /// Fails if the mask is not for this many sequences and steps. Without a mask, it always
  /// succeeds.
  Result<void> check_fits(std::size_t sequences, std::size_t steps) const;
  /// The mask of the first `sequences` sequences. The same mask if it does not have more.
  SequenceMask first(std::size_t sequences) const;
  /// Call it only if check_fits() succeeded.
  bool is_valid(std::size_t sequence, std::size_t step) const {
    if (kind_ == Kind::none) return true;
    if (kind_ == Kind::lengths) return static_cast<std::int64_t>(step) < lengths_[sequence];
    return valid_[static_cast<std::int64_t>(sequence) * sequence_stride_ +
                  static_cast<std::int64_t>(step) * step_stride_] != 0;
  }

 private:
  enum class Kind : std::uint8_t { none, bytes, lengths };

  Kind kind_ = Kind::none;
  const std::uint8_t* valid_ = nullptr;
  std::span<const std::int64_t> lengths_;
  std::size_t sequences_ = 0;
  std::size_t steps_ = 0;
  std::int64_t sequence_stride_ = 0;
  std::int64_t step_stride_ = 0;
};

}  // namespace livecca
