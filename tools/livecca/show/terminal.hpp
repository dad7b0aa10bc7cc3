#pragma once

#include <termios.h>
#include <chrono>
#include <cstddef>
#include <string>

#include "text/output_text.hpp"

namespace livecca::tool {

/// The terminal that stdout is, if it is one.
struct Terminal {
  bool is_there = false;
  std::size_t width = readable_width;
  std::size_t height = 24;
};

/// Asked anew for each drawing, as windows change.
Terminal terminal_now();

/// What a key asks for.
enum class Key { none, line_up, line_down, page_up, page_down, top, bottom, end };

/// Of the bytes that a terminal sends for one or more keys, the first; what it took is removed.
Key take_key(std::string& bytes);

/// Where a text of `lines` begins on a window that holds `page` of them, after a key.
std::size_t scrolled(std::size_t first, Key key, std::size_t lines, std::size_t page);

/// Keys as they are pressed, while one of these lives. Does nothing where stdin is no terminal of
/// this process. Ctrl-C is a key like q, so that the terminal is as before in the end.
class Keyboard {
 public:
  Keyboard();
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  /// The next key, or none after this time.
  Key wait(std::chrono::milliseconds longest);

 private:
  void take_keys_at_once() const;

  bool is_taken_ = false;
  termios before_{};
  std::string bytes_;
};

/// As many lines of the text as the window holds, from one of them on, over what is there. A text
/// that is longer has a line at the end that says so.
std::string redraw(const std::string& text, std::size_t height, std::size_t first = 0);

/// How many lines of a longer text a window of this height holds.
std::size_t page_of(std::size_t height);

}  // namespace livecca::tool
