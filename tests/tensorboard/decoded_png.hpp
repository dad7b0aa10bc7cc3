#pragma once

#include <doctest/doctest.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sinks/tensorboard/picture/canvas.hpp"

namespace livecca_tests {

struct Pixels {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<std::uint8_t> bytes;

  std::size_t count(livecca::Colour colour) const {
    std::size_t result = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      const std::array<std::uint8_t, 3> wanted{colour.red, colour.green, colour.blue};
      if (std::ranges::equal(wanted, std::span(bytes).subspan(i, 3))) ++result;
    }
    return result;
  }
};

/// As libpng reads it, without a warning.
inline Pixels decoded(const livecca::PngImage& image) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&header, image.bytes.data(), image.bytes.size()) != 0);
  header.format = PNG_FORMAT_RGB;
  Pixels pixels{header.width, header.height, std::vector<std::uint8_t>(PNG_IMAGE_SIZE(header))};
  REQUIRE(png_image_finish_read(&header, nullptr, pixels.bytes.data(), 0, nullptr) != 0);
  CHECK(header.warning_or_error == 0);
  CHECK(pixels.width == image.width);
  CHECK(pixels.height == image.height);
  return pixels;
}

}  // namespace livecca_tests
