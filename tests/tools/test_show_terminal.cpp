#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>

#include "show/show.hpp"
#include "show/terminal.hpp"
#include "show_fixture.hpp"
#include "text/sparkline.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

namespace {

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::size_t width = 0;
  for (const char letter : text) {
    if (letter == '\n')
      width = 0;
    else if ((static_cast<unsigned char>(letter) & 0xC0U) != 0x80U)
      widest = std::max(widest, ++width);
  }
  return widest;
}

}  // namespace

TEST_CASE("a sparkline goes from low to high, blank where nothing is") {
  CHECK(sparkline({0.0, std::nullopt, 1.0, 0.5}, 0, 1, 4) == "▁ █▅");
  CHECK(sparkline({0.0, 1.0}, 0, 1, 4) == "▁▁██");
  CHECK(sparkline({-1.0, 2.0, 0.1}, 0, 1, 3) == "▁█▂");
  CHECK(sparkline({3.0}, 3, 3, 1) == "▁");
  CHECK(sparkline({std::nan("")}, 0, 1, 1) == " ");
  CHECK(sparkline({0.0, 0.0, 1.0, std::nullopt, std::nullopt, std::nullopt}, 0, 1, 3) == "▁█ ");
}

TEST_CASE_FIXTURE(ShowFixture,
                  "no line is wider than asked for, and colours are only where wanted") {
  run_file.begin();
  for (int epoch = 0; epoch < 300; ++epoch) {
    run_file.add_log(epoch, "accuracy of the validation set", 0.5);
    for (int layer = 0; layer < 12; ++layer) {
      auto row = measure_row(epoch, "encoder.layers." + std::to_string(layer) + ".mlp.fc2", 0.5);
      row.standard_error = 0.004;
      row.status = livecca::Status::rank_deficient;
      run_file.add(row);
      auto verdict = verdict_row(epoch, row.layer, "settled");
      verdict.since_epoch = 3;
      run_file.add(verdict);
    }
  }
  auto alarm = verdict_row(299, "encoder.layers.0.mlp.fc2", "exploding");
  alarm.message = "expected activations of about the size that they had, got 12 times as large";
  run_file.add(alarm);
  run_file.add_event(0, "missing", "net/encoder.layers.11.mlp.fc2", std::string(300, 'x'));
  for (const std::size_t width : {60U, 80U, 100U, 200U}) {
    CAPTURE(width);
    const std::string text = drawn({}, {.width = width});
    CAPTURE(text);
    CHECK(widest_line(text) <= width);
    CHECK(has(text, "11.mlp.fc2 "));
    CHECK(has(text, "settled since 3"));
    CHECK_FALSE(has(text, "\x1b"));
    CHECK(has(drawn({}, {.width = width, .colours = true}), "\x1b[32msettled since 3\x1b[0m"));
  }
}

TEST_CASE_FIXTURE(ShowFixture,
                  "a run that is followed is drawn as it grows, and ends when it does") {
  run_file.begin();
  ShowOptions final_only;
  final_only.reference = "final";
  RunReader reader(run_file.folder());
  CHECK(has(draw_run(reader.rows(), {}, {}), "no snapshot yet"));
  run_file.add(measure_row(0, "conv1", 0.5));
  reader.update();
  CHECK(has(draw_run(reader.rows(), {}, {}), "0.5000"));
  CHECK(has(draw_run(reader.rows(), final_only, {}), "no rows yet that match the options"));
  run_file.add(measure_row(1, "conv1", 0.25));
  reader.update();
  CHECK(has(draw_run(reader.rows(), {}, {}), "epochs 0 to 1"));
  run_file.add_event(1, "finished");
  const Outcome outcome = run({"show", run_file.folder(), "--follow"});
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.out, ", finished\n"));
  CHECK_FALSE(has(outcome.out, "\x1b"));
}

TEST_CASE("where nothing can be drawn over, a run is printed once an epoch") {
  PrintPace pace;
  CHECK(pace.is_due(std::nullopt, false, false));
  CHECK_FALSE(pace.is_due(std::nullopt, false, false));
  CHECK_FALSE(pace.is_due(0, true, false));  // the epoch's rows still come
  CHECK(pace.is_due(0, false, false));
  CHECK_FALSE(pace.is_due(0, true, false));
  CHECK_FALSE(pace.is_due(1, true, false));
  CHECK(pace.is_due(2, true, false));   // never quiet, but 1 is complete
  CHECK(pace.is_due(1, false, false));  // cut back
  CHECK(pace.is_due(1, true, true));
}

TEST_CASE("a drawing on a terminal takes the lines that there are, from where it is scrolled to") {
  CHECK(redraw("a\nb\n", 24) == "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[0m\x1b[J");
  const std::string text = "a\nb\nc\nd\ne\n";
  const std::string cut = redraw(text, 4);
  CHECK(cut.starts_with("\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[0mlines 1 to 2 of 5"));
  CHECK(std::ranges::count(cut, '\n') == 3);
  CHECK(redraw(text, 4, 3).starts_with("\x1b[Hd\x1b[K\ne\x1b[K\n\x1b[0mlines 4 to 5 of 5"));
  CHECK(std::ranges::count(redraw("a\nb\nc\n", 4), '\n') == 3);
  CHECK_FALSE(has(redraw("a\nb\nc\n", 4, 2), "lines"));
}

TEST_CASE("keys scroll by lines and pages, and stay within the text") {
  CHECK(scrolled(0, Key::line_down, 45, 22) == 1);
  CHECK(scrolled(0, Key::line_up, 45, 22) == 0);
  CHECK(scrolled(0, Key::page_down, 45, 22) == 21);
  CHECK(scrolled(21, Key::page_down, 45, 22) == 23);
  CHECK(scrolled(23, Key::page_up, 45, 22) == 2);
  CHECK(scrolled(5, Key::bottom, 45, 22) == 23);
  CHECK(scrolled(5, Key::top, 45, 22) == 0);
  CHECK(scrolled(23, Key::none, 30, 22) == 8);  // the window has grown, or the text shrunk
  CHECK(scrolled(4, Key::line_down, 3, 22) == 0);
}

TEST_CASE("keys are told from what terminals send") {
  std::string bytes = "\x1b[B\x1b[6~ q";
  CHECK(take_key(bytes) == Key::line_down);
  CHECK(take_key(bytes) == Key::page_down);
  CHECK(take_key(bytes) == Key::page_down);
  CHECK(take_key(bytes) == Key::end);
  CHECK(bytes.empty());
  bytes = "\x03";
  CHECK(take_key(bytes) == Key::end);
  bytes = "\x1b[1;5C";
  CHECK(take_key(bytes) == Key::none);
  CHECK(bytes.empty());
}

TEST_CASE("ages are told in the unit that fits") {
  CHECK(ago_text(-3) == "0 s ago");
  CHECK(ago_text(119) == "119 s ago");
  CHECK(ago_text(3600) == "60 min ago");
  CHECK(ago_text(10 * 3600) == "10 h ago");
  CHECK(ago_text(10 * 86400) == "10 days ago");
}
