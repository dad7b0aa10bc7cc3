#pragma once

#include <cstdint>

namespace livecca {

constexpr int glyph_width = 5;
constexpr int glyph_height = 7;

/// Whether a printable ASCII character has a dot at column 0…4 from the left and row 0…6 from the
/// top. Any other character looks like a question mark.
bool glyph_has(char character, int column, int row);

}  // namespace livecca
