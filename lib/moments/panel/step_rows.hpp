#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"

namespace livecca {

/// The share of a tap's valid rows that are not finite; 0 if it has none.
double nonfinite_share(const PackedRows& rows);

/// Which rows every tap keeps in a step.
///
/// A row that is non-finite in one tap leaves all taps whose rows pair with its own; its image
/// leaves the taps of other rows that saw as many images. A row that is not valid leaves the taps
/// that pairs connect with its own, directly or through others, as a pair's three moments hold the
/// same rows; it does not leave the others.
///
/// Keeps its memory from step to step.
class StepMasks {
 public:
  /// Two taps, by their index, that have cross moments. Their rows pair.
  struct Pair {
    std::size_t x;
    std::size_t y;
  };

  void make(std::span<const PackedRows* const> taps, std::span<const Pair> pairs);
  /// One entry a row of the tap of that index: 0 leaves it out.
  std::span<const std::uint8_t> of(std::size_t tap) const;
  /// Rows of the tap of that index that would be kept if all were finite.
  std::size_t valid_rows(std::size_t tap) const;

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// Taps whose rows pair with one another.
  struct RowSpace {
    const PackedRows* example = nullptr;
    std::vector<std::uint8_t> keep;
    std::vector<std::uint8_t> whole;  ///< images that kept every row so far
  };
  /// Connected taps of which some rows are not valid.
  struct MaskedGroup {
    std::vector<std::uint8_t> keep;
    std::size_t valid_rows = 0;
  };

  std::size_t find_space(const PackedRows& rows);
  void drop_nonfinite(std::span<const PackedRows* const> taps);
  void drop_images();
  std::size_t root_of(std::size_t tap) const;
  void connect(std::size_t taps, std::span<const Pair> pairs);
  void drop_invalid(std::span<const PackedRows* const> taps);
  MaskedGroup& group_of(std::size_t tap, const PackedRows& rows);

  std::vector<RowSpace> spaces_;
  std::size_t space_count_ = 0;  ///< of spaces_, those of this step
  std::vector<std::size_t> space_of_;
  std::vector<std::size_t> parent_;  ///< of taps that pairs connect, the one of lower index
  std::vector<MaskedGroup> groups_;
  std::size_t group_count_ = 0;        ///< of groups_, those of this step
  std::vector<std::size_t> group_of_;  ///< of a root, or none
};

}  // namespace livecca
