#include "livecca/moments/window.hpp"

#include <cmath>
#include <string>

namespace livecca {

Result<void> Window::check() const {
  if (kind == Kind::exponential && !(half_life > 0 && std::isfinite(half_life))) {
    return Failure{"window: expected a half-life above 0 samples, got " +
                   std::to_string(half_life)};
  }
  if (kind == Kind::last_blocks && (blocks < 2 || images_per_block == 0)) {
    return Failure{"window: expected 2 or more blocks of 1 or more images, got " +
                   std::to_string(blocks) + " of " + std::to_string(images_per_block)};
  }
  return {};
}

const char* name_of(Window::Kind kind) {
  switch (kind) {
    case Window::Kind::all:
      return "all";
    case Window::Kind::since_snapshot:
      return "since_snapshot";
    case Window::Kind::exponential:
      return "exponential";
    case Window::Kind::last_blocks:
      return "last_blocks";
  }
  return nullptr;
}

}  // namespace livecca
