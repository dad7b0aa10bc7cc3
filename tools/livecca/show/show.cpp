#include "show/show.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "index/growing_runs.hpp"
#include "index/run_state.hpp"
#include "index/writer_watch.hpp"
#include "inputs/input_error.hpp"
#include "runs/pair_curves.hpp"
#include "runs/run_rows.hpp"
#include "show/run_list.hpp"
#include "show/run_view.hpp"
#include "show/terminal.hpp"

namespace livecca::tool {
namespace {

constexpr std::chrono::milliseconds between_looks{500};

Canvas canvas_on(const Terminal& on, std::size_t asked_width) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool colours = on.is_there && (no_color == nullptr || *no_color == '\0');
  const std::size_t width = asked_width == 0 ? on.width : asked_width;
  return {.width = std::max(narrowest_canvas, width), .colours = colours, .now = unix_now()};
}

std::string drawn(const RunReader& run, WriterWatch& writer, const ShowOptions& options,
                  const Terminal& on) {
  Canvas canvas = canvas_on(on, options.width);
  writer.look(run.file());
  canvas.has_died = has_died(run.rows(), writer, canvas.now);
  return draw_run(run.rows(), options, canvas);
}

std::optional<std::int64_t> last_epoch(const RunRows& rows) {
  if (rows.epochs.empty()) return std::nullopt;
  return *rows.epochs.rbegin();
}

/// Draws until there is news of the file, or a key. False if that key ends it.
bool draw_and_wait(const std::string& text, std::size_t& first, std::size_t height,
                   Keyboard& keyboard, std::ostream& out) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  first = scrolled(first, Key::none, lines, page_of(height));
  out << redraw(text, height, first) << std::flush;
  const Key key = keyboard.wait(between_looks);
  first = scrolled(first, key, lines, page_of(height));
  return key != Key::end;
}

/// Drawn at each look, though nothing came: the age of the last row tells a run that hangs.
void follow_on_terminal(RunReader& run, const ShowOptions& options, std::ostream& out) {
  Keyboard keyboard;
  WriterWatch writer;
  std::size_t first = 0;
  out << "\x1b[2J";
  while (out) {
    const Terminal on = terminal_now();
    const std::string text = drawn(run, writer, options, on);
    if (run.rows().finished) {
      // What stays on the terminal is whole: it can be scrolled.
      out << redraw(text, std::numeric_limits<std::size_t>::max()) << std::flush;
      return;
    }
    if (!draw_and_wait(text, first, on.height, keyboard, out)) return;
    run.update();
  }
}

void follow_in_print(RunReader& run, const ShowOptions& options, std::ostream& out) {
  PrintPace pace;
  WriterWatch writer;
  bool has_news = false;
  while (out) {
    const RunRows& rows = run.rows();
    if (pace.is_due(last_epoch(rows), has_news, rows.finished)) {
      out << drawn(run, writer, options, {}) << "\n" << std::flush;
    }
    if (rows.finished) return;
    std::this_thread::sleep_for(between_looks);
    has_news = run.update();
  }
}

}  // namespace

Canvas canvas_of_stdout(std::size_t asked_width) { return canvas_on(terminal_now(), asked_width); }

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

namespace {

/// Empty if what was given is one run, or nothing that could be listed.
std::unique_ptr<GrowingRuns> runs_to_list(const std::vector<std::string>& given) {
  std::error_code ignored;
  if (given.size() == 1 && !std::filesystem::is_directory(given[0], ignored)) return nullptr;
  auto runs = std::make_unique<GrowingRuns>(given);
  const std::size_t count = runs->all().size();
  const bool is_one =
      given.size() == 1 &&
      std::filesystem::exists(std::filesystem::path(given[0]) / "rows.jsonl", ignored);
  return is_one || count == 0 ? nullptr : std::move(runs);
}

void expect_one_run(const char* option, bool is_given) {
  if (!is_given) return;
  throw InputError(std::string(option) +
                   ": expected one run, got several, which are listed; livecca serve shows many");
}

void list_runs(GrowingRuns& runs, const ShowOptions& options, std::ostream& out) {
  expect_one_run("--follow", options.follow);
  expect_one_run("--measure", !options.measure.empty());
  expect_one_run("--stream", options.stream.has_value());
  expect_one_run("--reference", !options.reference.empty());
  expect_one_run("--layer", !options.layer.empty());
  runs.read_latest();
  out << draw_run_list(runs, canvas_of_stdout(options.width));
}

}  // namespace

void show_runs(const ShowOptions& options, std::ostream& out) {
  if (const auto runs = runs_to_list(options.runs)) return list_runs(*runs, options, out);
  RunReader run(options.runs.front());
  const Terminal on = terminal_now();
  if (!options.follow) {
    check_choice(run.rows(), options);
    WriterWatch writer;
    out << drawn(run, writer, options, on);
  } else if (on.is_there) {
    follow_on_terminal(run, options, out);
  } else {
    follow_in_print(run, options, out);
  }
}

}  // namespace livecca::tool
