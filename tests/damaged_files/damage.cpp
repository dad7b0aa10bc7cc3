#include "damage.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace livecca_tests {
namespace {

using Random = std::mt19937_64;

std::size_t below(std::size_t bound, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

/// Some bytes of a text.
struct Block {
  std::size_t begin;
  std::size_t size;

  std::size_t end() const { return begin + size; }
  std::string text() const {
    return std::to_string(size) + (size == 1 ? " byte" : " bytes") + " at " + std::to_string(begin);
  }
};

/// Mostly a few bytes, and up to 4 KiB.
std::size_t some_bytes(std::size_t most, Random& random) {
  const std::size_t bound = std::size_t{1} << below(13, random);
  return 1 + below(std::min(most, bound), random);
}

Block block_of(const std::string& bytes, Random& random) {
  const std::size_t size = some_bytes(bytes.size(), random);
  return {below(bytes.size() - size + 1, random), size};
}

std::string random_bytes(std::size_t count, Random& random) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(below(256, random));
  return bytes;
}

Damage flip(std::string bytes, Random& random) {
  const std::size_t place = below(bytes.size(), random);
  const std::size_t bit = below(8, random);
  bytes[place] = static_cast<char>(static_cast<unsigned char>(bytes[place]) ^ (1U << bit));
  return {std::move(bytes),
          "bit " + std::to_string(bit) + " of byte " + std::to_string(place) + " flipped"};
}

Damage overwrite(std::string bytes, bool with_zeros, Random& random) {
  const Block block = block_of(bytes, random);
  const std::string others =
      with_zeros ? std::string(block.size, '\0') : random_bytes(block.size, random);
  bytes.replace(block.begin, block.size, others);
  return {std::move(bytes), block.text() + (with_zeros ? " set to 0" : " overwritten")};
}

Damage cut(std::string bytes, Random& random) {
  // Half of the files lose little.
  const std::size_t lost =
      below(2, random) == 0 ? some_bytes(bytes.size(), random) : 1 + below(bytes.size(), random);
  bytes.resize(bytes.size() - lost);
  return {std::move(bytes), "the last " + std::to_string(lost) + " bytes cut off"};
}

Damage insert(std::string bytes, Random& random) {
  const std::size_t place = below(bytes.size() + 1, random);
  const std::string others = random_bytes(some_bytes(4096, random), random);
  bytes.insert(place, others);
  return {std::move(bytes), Block{place, others.size()}.text() + " put in"};
}

Damage remove(std::string bytes, Random& random) {
  const Block block = block_of(bytes, random);
  bytes.erase(block.begin, block.size);
  return {std::move(bytes), block.text() + " taken out"};
}

Damage repeat(std::string bytes, Random& random) {
  const Block block = block_of(bytes, random);
  bytes.insert(block.end(), bytes.substr(block.begin, block.size));
  return {std::move(bytes), block.text() + " repeated"};
}

Damage exchange(std::string bytes, Random& random) {
  const std::size_t size = some_bytes(bytes.size() / 2, random);
  const Block first{below(bytes.size() - 2 * size + 1, random), size};
  const Block second{first.end() + below(bytes.size() - first.end() - size + 1, random), size};
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(first.begin),
                   bytes.begin() + static_cast<std::ptrdiff_t>(first.end()),
                   bytes.begin() + static_cast<std::ptrdiff_t>(second.begin));
  return {std::move(bytes),
          first.text() + " exchanged with those at " + std::to_string(second.begin)};
}

Damage damaged_somehow(const std::string& bytes, Random& random) {
  switch (below(8, random)) {
    case 0:
      return flip(bytes, random);
    case 1:
      return overwrite(bytes, true, random);
    case 2:
      return overwrite(bytes, false, random);
    case 3:
      return cut(bytes, random);
    case 4:
      return insert(bytes, random);
    case 5:
      return remove(bytes, random);
    case 6:
      return repeat(bytes, random);
    default:
      return exchange(bytes, random);
  }
}

}  // namespace

Damage damaged(const std::string& bytes, Random& random) {
  for (;;) {
    Damage damage = damaged_somehow(bytes, random);
    if (damage.bytes != bytes) return damage;
  }
}

}  // namespace livecca_tests
