#include <doctest/doctest.h>

#include <random>

#include "decoded_png.hpp"
#include "sinks/tensorboard/picture/png_image.hpp"

using livecca::encode_png;
using livecca_tests::decoded;

namespace {

constexpr std::uint64_t pixel_seed = 20;

std::vector<std::uint8_t> random_bytes(std::size_t size) {
  std::mt19937_64 engine(pixel_seed);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(engine());
  return bytes;
}

}  // namespace

TEST_CASE("libpng reads the pixels that were written, whatever they are") {
  CAPTURE(pixel_seed);
  for (const auto& [width, height] :
       {std::pair(1U, 1U), {3U, 2U}, {1U, 90U}, {500U, 1U}, {257U, 131U}}) {
    CAPTURE(width);
    CAPTURE(height);
    const std::size_t row = std::size_t{width} * 3;
    const std::vector<std::uint8_t> noise = random_bytes(row * height);
    // Of each row, part is that of the row above: all of it, none, and all shares in between.
    std::vector<std::uint8_t> repeating = noise;
    for (std::size_t i = row; i < repeating.size(); ++i) {
      if (i % row * 8 < i / row % 9 * row) repeating[i] = repeating[i - row];
    }
    const std::vector<std::uint8_t> black(row * height);
    for (const auto& pixels : {noise, repeating, black}) {
      CHECK(decoded(encode_png(width, height, pixels)).bytes == pixels);
    }
  }
}

TEST_CASE("rows that repeat the one above take next to no room") {
  CAPTURE(pixel_seed);
  // Wider than the 32 KiB that zlib looks back: only the filter can find the repetition.
  constexpr unsigned width = 12000;
  const std::vector<std::uint8_t> row = random_bytes(std::size_t{width} * 3);
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 20; ++i) pixels.insert(pixels.end(), row.begin(), row.end());
  CHECK(encode_png(width, 20, pixels).bytes.size() < row.size() * 11 / 10);
}
