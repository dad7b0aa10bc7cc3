#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace livecca {

/// A picture as a PNG file.
struct PngImage {
  unsigned width = 0;
  unsigned height = 0;
  std::string bytes;
};

/// Of pixels row by row from the top, each with a byte of red, green and blue. `width` and `height`
/// are 1 or more. Cost: zlib's, about a tenth of a second a million pixels. Throws std::bad_alloc.
PngImage encode_png(unsigned width, unsigned height, std::span<const std::uint8_t> pixels);

}  // namespace livecca
