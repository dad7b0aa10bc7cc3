#include "runs/show.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <thread>

#include "runs/pair_curves.hpp"
#include "runs/run_rows.hpp"
#include "runs/run_view.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr std::chrono::milliseconds between_looks{500};
constexpr std::size_t usual_height = 24;

struct Terminal {
  bool is_there = false;
  std::size_t width = readable_width;
  std::size_t height = usual_height;
};

/// Asked anew for each drawing, as windows change.
Terminal terminal() {
  Terminal result;
  result.is_there = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (!result.is_there || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return result;
  if (size.ws_col > 0) result.width = size.ws_col;
  if (size.ws_row > 0) result.height = size.ws_row;
  return result;
}

double unix_seconds() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_epoch).count();
}

Canvas canvas_on(const Terminal& on, std::size_t asked_width) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool colours = on.is_there && (no_color == nullptr || *no_color == '\0');
  const std::size_t width = asked_width == 0 ? on.width : asked_width;
  return {.width = std::max(narrowest_canvas, width), .colours = colours, .now = unix_seconds()};
}

std::string drawn(const RunRows& rows, const ShowOptions& options, const Terminal& on) {
  return draw_run(rows, options, canvas_on(on, options.width));
}

std::optional<std::int64_t> last_epoch(const RunRows& rows) {
  if (rows.epochs.empty()) return std::nullopt;
  return *rows.epochs.rbegin();
}

/// Drawn at each look, though nothing came: the age of the last row tells a run that hangs.
void follow_on_terminal(RunReader& run, const ShowOptions& options, std::ostream& out) {
  out << "\x1b[2J";
  while (out) {
    const Terminal on = terminal();
    const bool finished = run.rows().finished;
    // What stays on the terminal is whole: it can be scrolled.
    const std::size_t height = finished ? std::numeric_limits<std::size_t>::max() : on.height;
    out << redraw(drawn(run.rows(), options, on), height) << std::flush;
    if (finished) return;
    std::this_thread::sleep_for(between_looks);
    run.update();
  }
}

void follow_in_print(RunReader& run, const ShowOptions& options, std::ostream& out) {
  PrintPace pace;
  bool has_news = false;
  while (out) {
    const RunRows& rows = run.rows();
    if (pace.is_due(last_epoch(rows), has_news, rows.finished)) {
      out << drawn(rows, options, {}) << "\n" << std::flush;
    }
    if (rows.finished) return;
    std::this_thread::sleep_for(between_looks);
    has_news = run.update();
  }
}

}  // namespace

Canvas canvas_of_stdout(std::size_t asked_width) { return canvas_on(terminal(), asked_width); }

bool PrintPace::is_due(std::optional<std::int64_t> last_epoch, bool has_news, bool finished) {
  const bool is_other = !printed_ || last_epoch != printed_epoch_;
  const bool next_began = last_epoch && printed_epoch_ && *last_epoch > *printed_epoch_ &&
                          *last_epoch - 1 > *printed_epoch_;
  const bool due = finished || (is_other && (!has_news || next_began));
  if (due) {
    printed_ = true;
    printed_epoch_ = last_epoch;
  }
  return due;
}

std::string redraw(const std::string& text, std::size_t height) {
  std::string drawing = "\x1b[H";
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < text.size(); ++lines) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    // The cursor takes the last line.
    if (lines + 2 >= height && text.find('\n', begin) + 1 < text.size()) {
      drawing += "\x1b[0m… and more: a higher window, or --reference and --layer, show it\x1b[K\n";
      break;
    }
    drawing += text.substr(begin, end - begin) + "\x1b[K\n";
    begin = end + 1;
  }
  return drawing + "\x1b[0m\x1b[J";
}

void show_run(const ShowOptions& options, std::ostream& out) {
  RunReader run(options.run);
  const Terminal on = terminal();
  if (!options.follow) {
    check_choice(run.rows(), options);
    out << drawn(run.rows(), options, on);
  } else if (on.is_there) {
    follow_on_terminal(run, options, out);
  } else {
    follow_in_print(run, options, out);
  }
}

}  // namespace livecca::tool
