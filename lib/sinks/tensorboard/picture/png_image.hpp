#pragma once

#include <string>

namespace livecca {

/// A picture as a PNG file.
struct PngImage {
  unsigned width = 0;
  unsigned height = 0;
  std::string bytes;
};

}  // namespace livecca
