#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"

namespace livecca {

/// The share of a tap's rows that are not finite; 0 if it has none.
double nonfinite_share(const PackedRows& rows);

/// Whether two taps' rows pair by index: as many images, over the same positions.
bool rows_pair(const PackedRows& a, const PackedRows& b);

/// Which rows every tap keeps in a step. A row that is non-finite in one tap leaves all taps whose
/// rows pair with its own; its image leaves the taps of other grids that saw as many images.
///
/// Keeps its memory from step to step.
class StepMasks {
 public:
  /// One mask for all taps whose rows pair.
  void make(std::span<const PackedRows* const> taps);
  /// One entry a row of the tap of that index: 0 leaves it out.
  std::span<const std::uint8_t> of(std::size_t tap) const { return spaces_[space_of_[tap]].keep; }

 private:
  /// Taps whose rows pair with one another.
  struct RowSpace {
    const PackedRows* example = nullptr;
    std::vector<std::uint8_t> keep;
    std::vector<std::uint8_t> whole;  ///< images that kept every row so far
  };

  std::size_t find_space(const PackedRows& rows);

  std::vector<RowSpace> spaces_;
  std::size_t space_count_ = 0;  ///< of spaces_, those of this step
  std::vector<std::size_t> space_of_;
};

}  // namespace livecca
