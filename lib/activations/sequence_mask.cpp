#include "livecca/activations/sequence_mask.hpp"

#include <algorithm>
#include <string>

#include "livecca/common/error.hpp"

namespace livecca {

SequenceMask::SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps)
    : SequenceMask(valid, sequences, steps, static_cast<std::int64_t>(steps), 1) {}

SequenceMask::SequenceMask(const std::uint8_t* valid, std::size_t sequences, std::size_t steps,
                           std::int64_t sequence_stride, std::int64_t step_stride)
    : kind_(Kind::bytes),
      valid_(valid),
      sequences_(sequences),
      steps_(steps),
      sequence_stride_(sequence_stride),
      step_stride_(step_stride) {
  if (valid == nullptr && sequences != 0 && steps != 0) {
    throw Error("sequence mask: expected bytes, got a null pointer");
  }
}

SequenceMask SequenceMask::of_lengths(std::span<const std::int64_t> lengths) {
  SequenceMask mask;
  mask.kind_ = Kind::lengths;
  mask.lengths_ = lengths;
  return mask;
}

SequenceMask SequenceMask::first(std::size_t sequences) const {
  SequenceMask mask = *this;
  mask.sequences_ = std::min(sequences_, sequences);
  mask.lengths_ = lengths_.first(std::min(lengths_.size(), sequences));
  return mask;
}

Result<void> SequenceMask::check_fits(std::size_t sequences, std::size_t steps) const {
  if (kind_ == Kind::none) return {};
  const auto text = [](std::size_t rows, std::size_t columns) {
    return std::to_string(rows) + " sequences x " + std::to_string(columns) + " steps";
  };
  if (kind_ == Kind::bytes) {
    if (sequences_ == sequences && steps_ == steps) return {};
    return Failure{"expected a mask of " + text(sequences, steps) + ", got " +
                   text(sequences_, steps_)};
  }
  if (lengths_.size() != sequences) {
    return Failure{"expected the lengths of " + std::to_string(sequences) + " sequences, got " +
                   std::to_string(lengths_.size())};
  }
  for (std::size_t i = 0; i < sequences; ++i) {
    if (lengths_[i] >= 0 && static_cast<std::size_t>(lengths_[i]) <= steps) continue;
    return Failure{"expected lengths of 0 to " + std::to_string(steps) + " steps, got " +
                   std::to_string(lengths_[i]) + " of sequence " + std::to_string(i) +
                   " of the batch"};
  }
  return {};
}

}  // namespace livecca
