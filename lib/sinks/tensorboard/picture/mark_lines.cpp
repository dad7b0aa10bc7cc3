#include "sinks/tensorboard/picture/mark_lines.hpp"

#include <algorithm>

namespace livecca {
namespace {

constexpr Colour red{214, 39, 40};
constexpr Colour white{255, 255, 255};
constexpr Colour black{0, 0, 0};
constexpr int least_outlined = 16;  // lower cells have no room for outlines
constexpr int least_whole = 8;      // nor these for whole lines

void outlined(Canvas& canvas, const Box& box, Colour outline, Colour inside) {
  canvas.fill({box.left - 1, box.top - 1, box.width + 2, box.height + 2}, outline);
  canvas.fill(box, inside);
}

}  // namespace

void draw_settled(Canvas& canvas, const Box& cell, Colour colour, bool begins) {
  const int middle = cell.top + cell.height / 2;
  if (cell.height < least_outlined) {
    const Colour line = contrast_to(colour);
    // Of many thin rows, whole lines would hide the colours: a dash of 6 pixels, then 18 without.
    // Two pixels high where there is room, as a card leaves out every other line of pixels.
    const bool is_whole = cell.height >= least_whole;
    for (int x = cell.left; x < cell.left + cell.width; ++x) {
      if (is_whole || x % 24 < 6) canvas.fill({x, middle, 1, is_whole ? 2 : 1}, line);
    }
    if (begins) canvas.fill({cell.left, cell.top, 2, cell.height}, line);
    return;
  }
  // White with black edges is seen on every colour of the scale.
  canvas.fill({cell.left, middle - 3, cell.width, 1}, black);
  canvas.fill({cell.left, middle - 2, cell.width, 3}, white);
  canvas.fill({cell.left, middle + 1, cell.width, 1}, black);
  if (begins) outlined(canvas, {cell.left + 1, cell.top + 3, 4, cell.height - 6}, black, white);
}

void draw_alarm(Canvas& canvas, const Box& cell, bool begins) {
  const int bottom = cell.top + cell.height;
  if (cell.height < least_outlined) {
    canvas.fill({cell.left, bottom - 2, cell.width, 2}, red);
  } else {
    canvas.fill({cell.left, bottom - 5, cell.width, 1}, white);
    canvas.fill({cell.left, bottom - 4, cell.width, 4}, red);
  }
  if (!begins) return;
  const bool has_room = cell.width >= 14 && cell.height >= 18;
  const int width = has_room ? 12 : 5;
  const int height = has_room ? 16 : 5;
  const Box box{cell.left + (cell.width - width) / 2, cell.top + (cell.height - height) / 2, width,
                height};
  outlined(canvas, box, has_room ? black : white, has_room ? white : red);
  if (has_room) canvas.text(box.left + 1, box.top + 1, 2, red, "!");
}

}  // namespace livecca
