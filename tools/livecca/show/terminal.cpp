#include "show/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>

namespace livecca::tool {
namespace {

constexpr char ctrl_c = '\x03';

struct KeyBytes {
  std::string_view bytes;
  Key key;
};

/// Longer ones first. The arrows come in two ways.
constexpr auto keys = std::to_array<KeyBytes>({
    {"\x1b[5~", Key::page_up},
    {"\x1b[6~", Key::page_down},
    {"\x1b[A", Key::line_up},
    {"\x1bOA", Key::line_up},
    {"\x1b[B", Key::line_down},
    {"\x1bOB", Key::line_down},
    {"\x1b[H", Key::top},
    {"\x1b[F", Key::bottom},
    {"k", Key::line_up},
    {"j", Key::line_down},
    {"\r", Key::line_down},
    {"\n", Key::line_down},
    {"b", Key::page_up},
    {" ", Key::page_down},
    {"g", Key::top},
    {"G", Key::bottom},
    {"q", Key::end},
    {std::string_view(&ctrl_c, 1), Key::end},
});

}  // namespace

Terminal terminal_now() {
  Terminal result;
  result.is_there = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (!result.is_there || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return result;
  if (size.ws_col > 0) result.width = size.ws_col;
  if (size.ws_row > 0) result.height = size.ws_row;
  return result;
}

Key take_key(std::string& bytes) {
  for (const KeyBytes& known : keys) {
    if (!bytes.starts_with(known.bytes)) continue;
    bytes.erase(0, known.bytes.size());
    return known.key;
  }
  bytes.clear();  // a key that means nothing here may have any number of bytes
  return Key::none;
}

std::size_t scrolled(std::size_t first, Key key, std::size_t lines, std::size_t page) {
  const std::size_t last = lines - std::min(lines, page);
  // A page keeps a line of the one before.
  const std::size_t leap = std::max<std::size_t>(page, 2) - 1;
  const auto up = [&](std::size_t by) { return first - std::min(first, by); };
  switch (key) {
    case Key::line_up:
      return up(1);
    case Key::page_up:
      return up(leap);
    case Key::line_down:
      return std::min(last, first + 1);
    case Key::page_down:
      return std::min(last, first + leap);
    case Key::top:
      return 0;
    case Key::bottom:
      return last;
    case Key::none:
    case Key::end:
      break;
  }
  return std::min(first, last);
}

Keyboard::Keyboard() {
  // In the background the terminal belongs to somebody else.
  if (::isatty(STDIN_FILENO) != 1 || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
  is_taken_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
}

Keyboard::~Keyboard() {
  if (is_taken_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

/// Said before each wait: a shell that stopped the process and let it go on has changed it.
void Keyboard::take_keys_at_once() const {
  termios keys_at_once = before_;
  keys_at_once.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys_at_once.c_cc[VINTR] = _POSIX_VDISABLE;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &keys_at_once);
}

Key Keyboard::wait(std::chrono::milliseconds longest) {
  if (!is_taken_) {
    std::this_thread::sleep_for(longest);
    return Key::none;
  }
  if (bytes_.empty()) {
    take_keys_at_once();
    pollfd asked{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&asked, 1, static_cast<int>(longest.count())) <= 0) return Key::none;
    std::array<char, 64> block{};
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count <= 0) return Key::end;  // the terminal is closed
    bytes_.assign(block.data(), static_cast<std::size_t>(count));
  }
  return take_key(bytes_);
}

std::size_t page_of(std::size_t height) { return std::max<std::size_t>(height, 3) - 2; }

std::string redraw(const std::string& text, std::size_t height, std::size_t first) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  // The cursor takes the last line.
  const bool fits = lines < height;
  if (fits) first = 0;
  const std::size_t last = fits ? lines : std::min(lines, first + page_of(height));
  std::string drawing = "\x1b[H";
  std::size_t begin = 0;
  for (std::size_t line = 0; line < last; ++line) {
    const std::size_t end = text.find('\n', begin);
    if (line >= first) drawing += text.substr(begin, end - begin) + "\x1b[K\n";
    begin = end + 1;
  }
  drawing += "\x1b[0m";
  if (!fits) {
    drawing += "lines " + std::to_string(first + 1) + " to " + std::to_string(last) + " of " +
               std::to_string(lines) + ": arrows, space and b scroll, q ends\x1b[K\n";
  }
  return drawing + "\x1b[J";
}

}  // namespace livecca::tool
