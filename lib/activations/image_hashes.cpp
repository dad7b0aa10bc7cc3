#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "activations/element_type.hpp"
#include "livecca/activations/packed_rows.hpp"

namespace livecca {
namespace {

constexpr std::uint64_t factor = 0x9E3779B97F4A7C15U;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * factor;
  return hash ^ (hash >> 29U);
}

/// Eight bytes; a count that the compiler knows becomes one load.
std::uint64_t word_at(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// In four lanes, as each multiplication waits for the one before.
std::uint64_t hash_of(const std::byte* from, std::size_t bytes, std::uint64_t seed) {
  std::uint64_t lanes[4] = {seed, seed + 1, seed + 2, seed + 3};
  std::size_t at = 0;
  for (; at + 32 <= bytes; at += 32) {
    for (std::size_t lane = 0; lane < 4; ++lane) {
      lanes[lane] = mixed(lanes[lane], word_at(from + at + 8 * lane));
    }
  }
  for (; at + 8 <= bytes; at += 8) lanes[0] = mixed(lanes[0], word_at(from + at));
  if (at < bytes) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, from + at, bytes - at);
    lanes[1] = mixed(lanes[1], rest);
  }
  const std::uint64_t hash = mixed(lanes[0] + std::rotl(lanes[1], 17), lanes[2]);
  return mixed(mixed(hash, lanes[3]), bytes);
}

template <typename Element>
bool has_fraction(const std::byte* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, from += sizeof(Element)) {
    const auto value = static_cast<double>(load<Element>(from));
    if (value != std::trunc(value)) return true;
  }
  return false;
}

}  // namespace

void PackedRows::add_to(std::span<ImageHash> hashes, std::size_t first, std::size_t last) const {
  const std::size_t width = features_ * size_of(dtype_);
  for (std::size_t image = first; image < last; ++image) {
    const std::size_t rows = first_row(image + 1) - first_row(image);
    if (rows == 0) continue;
    const std::byte* begin = elements_.data() + first_row(image) * width;
    ImageHash& hash = hashes[image];
    hash.value = hash_of(begin, rows * width, hash.value);
    hash.has_rows = true;
    if (hash.has_fractions) continue;
    with_element_type(dtype_, [&](auto zero) {
      hash.has_fractions = has_fraction<decltype(zero)>(begin, rows * features_);
    });
  }
}

}  // namespace livecca
