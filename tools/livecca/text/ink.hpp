#pragma once

#include <string>

namespace livecca::tool {

/// Few colours, each for one thing.
enum class Ink { title, alarm, moving, settled, aside };

/// The numbers of the terminal's escape sequence.
constexpr const char* code_of(Ink ink) {
  switch (ink) {
    case Ink::title:
      return "1";
    case Ink::alarm:
      return "1;31";
    case Ink::moving:
      return "33";
    case Ink::settled:
      return "32";
    case Ink::aside:
      return "2";
  }
  return nullptr;
}

/// The text itself where there are no colours.
inline std::string inked(const std::string& text, Ink ink, bool colours) {
  if (!colours || text.empty()) return text;
  return std::string("\x1b[") + code_of(ink) + "m" + text + "\x1b[0m";
}

}  // namespace livecca::tool
