#pragma once

#include <string>

namespace livecca::tool {

/// Few colours, each for one thing.
enum class Ink { title, alarm, moving, settled, aside };

/// The text itself where there are no colours.
inline std::string inked(const std::string& text, Ink ink, bool colours) {
  if (!colours || text.empty()) return text;
  const char* codes[] = {"1", "1;31", "33", "32", "2"};
  return std::string("\x1b[") + codes[static_cast<int>(ink)] + "m" + text + "\x1b[0m";
}

}  // namespace livecca::tool
