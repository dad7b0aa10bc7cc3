#pragma once

#include <cstdint>

namespace livecca {

/// SplitMix64's finalizer (Steele, Lea, Flood 2014): every bit of the input moves every bit of the
/// result.
constexpr std::uint64_t mixed(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// SplitMix64: a full-period mixer, so that neighbouring images get unrelated choices from one
/// seed, on every platform.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t state) : state_(state) {}
  std::uint64_t next() { return mixed(state_ += 0x9E3779B97F4A7C15U); }

 private:
  std::uint64_t state_;
};

}  // namespace livecca
