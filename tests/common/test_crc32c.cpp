#include <doctest/doctest.h>

#include <random>
#include <string_view>
#include <vector>

#include "common/crc32c.hpp"

namespace {

/// The definition, a bit at a time, with the polynomial as it is printed: bits of a byte enter from
/// the lowest, and the remainder is read the other way round at the end.
std::uint32_t by_definition(std::span<const std::byte> bytes) {
  std::uint32_t remainder = 0xFFFFFFFF;
  for (const std::byte byte : bytes) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      const std::uint32_t in = (std::to_integer<unsigned>(byte) >> bit) & 1U;
      const std::uint32_t out = remainder >> 31U;
      remainder = (remainder << 1U) ^ ((in ^ out) != 0 ? 0x1EDC6F41U : 0U);
    }
  }
  std::uint32_t reversed = 0;
  for (unsigned bit = 0; bit < 32; ++bit) reversed |= ((remainder >> bit) & 1U) << (31U - bit);
  return ~reversed;
}

std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine() >> 56U);
  return bytes;
}

}  // namespace

TEST_CASE("CRC-32C gives the published values") {
  const auto of = [](std::string_view text) {
    return livecca::crc32c(std::as_bytes(std::span(text)));
  };
  CHECK(of("") == 0);
  CHECK(of("123456789") == 0xE3069283);
  // RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up.
  CHECK(livecca::crc32c(std::vector<std::byte>(32, std::byte{0x00})) == 0x8A9136AA);
  CHECK(livecca::crc32c(std::vector<std::byte>(32, std::byte{0xFF})) == 0x62A8AB43);
  std::vector<std::byte> counting;
  for (int i = 0; i < 32; ++i) counting.push_back(static_cast<std::byte>(i));
  CHECK(livecca::crc32c(counting) == 0x46DD794E);
}

TEST_CASE("CRC-32C follows its definition at every length and start") {
  const auto bytes = random_bytes(80, 31);
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t count = 0; first + count <= bytes.size(); ++count) {
      const auto part = std::span(bytes).subspan(first, count);
      CHECK(livecca::crc32c(part) == by_definition(part));
    }
  }
}

TEST_CASE("CRC-32C of a text in parts is that of the whole") {
  const auto bytes = random_bytes(257, 32);
  const std::span<const std::byte> all(bytes);
  const std::uint32_t whole = livecca::crc32c(all);
  for (std::size_t split = 0; split <= all.size(); ++split) {
    CHECK(livecca::crc32c(all.subspan(split), livecca::crc32c(all.first(split))) == whole);
  }
  std::uint32_t so_far = 0;
  for (const std::byte& byte : bytes) so_far = livecca::crc32c({&byte, 1}, so_far);
  CHECK(so_far == whole);
}

TEST_CASE("CRC-32C notices every single flipped bit") {
  auto bytes = random_bytes(64, 33);
  const std::uint32_t whole = livecca::crc32c(bytes);
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    const std::byte bit{static_cast<unsigned char>(1U << (i % 8))};
    bytes[i / 8] ^= bit;
    CHECK(livecca::crc32c(bytes) != whole);
    bytes[i / 8] ^= bit;
  }
}
