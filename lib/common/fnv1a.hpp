#pragma once

#include <cstdint>
#include <string_view>

namespace livecca {

/// FNV-1a: names of things by their text, the same in every process. Not safe
/// against texts that are made to collide.
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace livecca
