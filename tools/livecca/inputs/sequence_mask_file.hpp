#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/activations/sequence_mask.hpp"

namespace livecca::tool {

/// Which steps of which sequences are valid, from a .npy file: 1 and 0 (or booleans) over the two
/// leading axes of the activations' layout, or one length a sequence. Held in memory, a byte a
/// step.
class SequenceMaskFile {
 public:
  /// Throws InputError, with the path in front, on anything else.
  SequenceMaskFile(const std::string& path, Layout layout);

  const std::string& path() const { return path_; }
  std::size_t sequences() const { return sequences_; }
  /// Why it cannot be for so many sequences of so many steps; empty if it can.
  std::string misfit(std::size_t sequences, std::size_t steps) const;
  /// Of sequences first … first + count − 1; valid while this object is.
  SequenceMask of(std::size_t first, std::size_t count) const;

 private:
  std::string path_;
  std::size_t sequences_ = 0;
  std::size_t steps_ = 0;  ///< 0: lengths
  bool steps_first_ = false;
  std::vector<std::uint8_t> valid_;
  std::vector<std::int64_t> lengths_;
};

}  // namespace livecca::tool
