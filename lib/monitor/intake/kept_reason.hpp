#pragma once

#include <string>
#include <string_view>

namespace livecca {

/// Keeps why something failed, or without memory for it the words below, which need none.
inline void keep_reason(std::string& to, std::string_view reason) noexcept {
  constexpr const char* short_enough_for_no_memory = "out of memory";
  try {
    to = reason;
  } catch (...) {
    to = short_enough_for_no_memory;
  }
}

/// "a step failed: …", as far as there is memory for it.
inline std::string step_failed(std::string_view reason) noexcept {
  std::string text;
  try {
    text = "a step failed: ";
    text += reason;
  } catch (...) {
    keep_reason(text, reason);
  }
  return text;
}

}  // namespace livecca
