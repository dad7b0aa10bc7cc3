#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sinks/tensorboard/picture/png_image.hpp"

namespace livecca {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// Of a share in [0, 1]: viridis (van der Walt and Smith 2015), perceptually uniform and legible to
/// the colour-blind, interpolated between nine of its colours.
Colour viridis(double share);

/// Black or white, whichever is seen better on a colour.
Colour contrast_to(Colour colour);

/// Where something is on a canvas, in pixels from the top left corner.
struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

/// A small picture to draw boxes and text on. What lies outside is not drawn.
class Canvas {
 public:
  Canvas(int width, int height, Colour background);

  void fill(const Box& box, Colour colour);
  /// Diagonal lines, which go on from one box to the next.
  void hatch(const Box& box, Colour background, Colour lines);
  /// A grid of dots, which goes on from one box to the next.
  void dot(const Box& box, Colour colour);
  /// Each dot of the font is `scale` pixels wide and high.
  void text(int left, int top, int scale, Colour colour, std::string_view text);

  static int width_of(std::string_view text, int scale);

  int width() const { return width_; }
  int height() const { return height_; }
  PngImage png() const;

 private:
  void set(int x, int y, Colour colour);

  int width_;
  int height_;
  std::vector<Colour> pixels_;
};

}  // namespace livecca
