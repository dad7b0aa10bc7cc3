#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "livecca/activations/layout.hpp"
#include "livecca/activations/sequence_mask.hpp"

namespace livecca::tool {

/// Which steps of which sequences are valid: 1 and 0 over the two leading axes of the activations'
/// layout, or one length a sequence. Held in memory, a byte a step.
class HeldMask {
 public:
  /// From a .npy file of numbers or booleans. Throws InputError, with the path in front, on
  /// anything else.
  static HeldMask from_file(const std::string& path, Layout layout);
  /// From values in C order; `name` is what messages begin with. Throws InputError.
  HeldMask(std::string name, std::span<const std::int64_t> shape, std::span<const double> values,
           Layout layout);

  /// The path, or what else it was called.
  const std::string& name() const { return name_; }
  std::size_t sequences() const { return sequences_; }
  /// Why it cannot be for so many sequences of so many steps; empty if it can.
  std::string misfit(std::size_t sequences, std::size_t steps) const;
  /// Of sequences first … first + count − 1; valid while this object is.
  SequenceMask of(std::size_t first, std::size_t count) const;

 private:
  std::string name_;
  std::size_t sequences_ = 0;
  std::size_t steps_ = 0;  ///< 0: lengths
  bool steps_first_ = false;
  std::vector<std::uint8_t> valid_;
  std::vector<std::int64_t> lengths_;
};

}  // namespace livecca::tool
