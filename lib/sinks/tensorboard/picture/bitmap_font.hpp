#pragma once

#include <cstdint>

namespace livecca {

constexpr int glyph_width = 5;
constexpr int glyph_height = 9;

/// Whether a printable ASCII character has a dot at column 0…4 from the left and row 0…8 from the
/// top, of which 7 and 8 are below the line. Any other character looks like a question mark.
bool glyph_has(char character, int column, int row);

}  // namespace livecca
