#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Which steps of which sequences are valid: the others are padding, and whatever lies there, NaN
/// too, is not looked at. Borrowed: bytes or lengths must stay as they are until the call that
/// takes the mask returns.
class LIVECCA_EXPORT SequenceMask {
 public:
  /// No mask: every step is valid.
  SequenceMask() = default;
  /// Bytes of 1 (valid) and 0, sequences × steps in C order. Throws Error if `valid` is null though
  /// there are steps.
  SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps);
  /// The same with strides in bytes: a mask that lies as steps × sequences has strides 1 and
  /// sequences.
  SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps,
               std::int64_t sequence_stride, std::int64_t step_stride);
  /// The first lengths[i] steps of sequence i are valid.
  static SequenceMask of_lengths(std::span<const std::int64_t> lengths);

  bool is_given() const { return kind_ != Kind::none; }
  /// Fails if it is not a mask of so many sequences of so many steps.
  Result<void> check_fits(std::size_t sequences, std::size_t steps) const;
  /// The mask of the first so many sequences; the same if it has no more.
  SequenceMask first(std::size_t sequences) const;
  /// Of a mask that fits.
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
