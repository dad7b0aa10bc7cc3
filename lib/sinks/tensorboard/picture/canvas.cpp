#include "sinks/tensorboard/picture/canvas.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>

#include "sinks/tensorboard/picture/bitmap_font.hpp"

namespace livecca {
namespace {

static_assert(sizeof(Colour) == 3, "a PNG file takes pixels as they lie");

constexpr int pitch = glyph_width + 1;  // from one character to the next

constexpr std::array<Colour, 9> anchors{{{68, 1, 84},
                                         {71, 44, 122},
                                         {59, 81, 139},
                                         {44, 113, 142},
                                         {33, 144, 141},
                                         {39, 173, 129},
                                         {92, 200, 99},
                                         {170, 220, 50},
                                         {253, 231, 37}}};

std::uint8_t between(std::uint8_t from, std::uint8_t to, double share) {
  return static_cast<std::uint8_t>(std::lround(from + share * (to - from)));
}

}  // namespace

Colour viridis(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (anchors.size() - 1);
  const std::size_t left = std::min(static_cast<std::size_t>(place), anchors.size() - 2);
  const double rest = place - static_cast<double>(left);
  const Colour from = anchors[left];
  const Colour to = anchors[left + 1];
  return {between(from.red, to.red, rest), between(from.green, to.green, rest),
          between(from.blue, to.blue, rest)};
}

Colour contrast_to(Colour colour) {
  // Rec. 601's weights of brightness.
  const double brightness = 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue;
  return brightness > 110 ? Colour{0, 0, 0} : Colour{255, 255, 255};
}

Canvas::Canvas(int width, int height, Colour background)
    : width_(width),
      height_(height),
      pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), background) {}

void Canvas::set(int x, int y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
          static_cast<std::size_t>(x)] = colour;
}

void Canvas::fill(const Box& box, Colour colour) {
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x) set(x, y, colour);
  }
}

void Canvas::hatch(const Box& box, Colour background, Colour lines) {
  constexpr int period = 6;
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x) {
      set(x, y, (x + y) % period < 2 ? lines : background);
    }
  }
}

void Canvas::dot(const Box& box, Colour colour) {
  constexpr int period = 5;
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x) {
      if (x % period < 2 && y % period < 2) set(x, y, colour);
    }
  }
}

void Canvas::text(int left, int top, int scale, Colour colour, std::string_view text) {
  for (const char character : text) {
    for (int row = 0; row < glyph_height; ++row) {
      for (int column = 0; column < glyph_width; ++column) {
        if (!glyph_has(character, column, row)) continue;
        fill({left + column * scale, top + row * scale, scale, scale}, colour);
      }
    }
    left += pitch * scale;
  }
}

int Canvas::width_of(std::string_view text, int scale) {
  return std::max(0, static_cast<int>(text.size()) * pitch - 1) * scale;
}

PngImage Canvas::png() const {
  const auto bytes = std::as_bytes(std::span(pixels_));
  return encode_png(static_cast<unsigned>(width_), static_cast<unsigned>(height_),
                    {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace livecca
