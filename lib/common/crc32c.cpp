#include "common/crc32c.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace livecca {
namespace {

static_assert(std::endian::native == std::endian::little, "eight bytes are read as one number");

constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, slices>;

/// tables[k][b] is what byte b does to the remainder when k more bytes follow it.
constexpr Tables tables = [] {
  constexpr std::uint32_t reflected_polynomial = 0x82F63B78;
  Tables result{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1U) ^ ((remainder & 1U) != 0 ? reflected_polynomial : 0);
    }
    result[0][byte] = remainder;
  }
  for (std::size_t k = 1; k < slices; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = result[k - 1][byte];
      result[k][byte] = (before >> 8U) ^ result[0][before & 255U];
    }
  }
  return result;
}();

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t so_far) {
  std::uint32_t remainder = ~so_far;
  while (bytes.size() >= slices) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), slices);
    word ^= remainder;
    remainder = 0;
    for (std::size_t k = 0; k < slices; ++k) {
      remainder ^= tables[slices - 1 - k][(word >> (8 * k)) & 255U];
    }
    bytes = bytes.subspan(slices);
  }
  for (const std::byte byte : bytes) {
    remainder = (remainder >> 8U) ^ tables[0][(remainder ^ std::to_integer<unsigned>(byte)) & 255U];
  }
  return ~remainder;
}

}  // namespace livecca
