#pragma once

#include <cstddef>
#include <cstdint>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Which rows a panel's moments hold.
struct Window {
  enum class Kind : std::uint8_t { all, since_snapshot, exponential, last_blocks };

  Kind kind = Kind::since_snapshot;
  double half_life = 0;                ///< for Kind::exponential
  std::size_t blocks = 0;              ///< for Kind::last_blocks
  std::uint64_t images_per_block = 0;  ///< for Kind::last_blocks

  /// All rows since the panel was made or its window was ended.
  static Window all() { return {.kind = Kind::all}; }
  /// All rows since the last snapshot.
  static Window since_snapshot() { return {}; }
  /// Every row loses half its weight after `half_life` more samples. Samples are counted in inputs
  /// (images), and all positions of an image weigh the same. So a convolution and a dense layer
  /// remember the same inputs.
  static Window exponential(double half_life) {
    return {.kind = Kind::exponential, .half_life = half_life};
  }
  /// A ring of `blocks` blocks. A block ends with the step that brings it to `images_per_block`
  /// images or more. The oldest block is forgotten when a new one begins. So the window holds
  /// between blocks − 1 and blocks of them.
  static Window last_blocks(std::size_t blocks, std::uint64_t images_per_block) {
    return {.kind = Kind::last_blocks, .blocks = blocks, .images_per_block = images_per_block};
  }

  /// Fails if the window makes no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

/// "all", "since_snapshot", "exponential" or "last_blocks"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Window::Kind kind);

}  // namespace livecca
