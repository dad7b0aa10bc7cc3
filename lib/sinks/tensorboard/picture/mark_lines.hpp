#pragma once

#include "sinks/tensorboard/picture/canvas.hpp"

namespace livecca {

// Marks on the cells of a picture. They differ in place and shape, not in colour alone, so that
// everyone can tell them apart.

/// A piece of the line of a settled layer, through the middle of its cell. Where the line begins,
/// it has a bar. `colour` is the cell's own.
void draw_settled(Canvas& canvas, const Box& cell, Colour colour, bool begins);

/// A piece of the line of a layer with an alarm, along the lower edge of its cell. Where the line
/// begins, it has a box with an exclamation mark, which may be larger than a small cell.
void draw_alarm(Canvas& canvas, const Box& cell, bool begins);

}  // namespace livecca
