#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "show_fixture.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

TEST_CASE_FIXTURE(ShowFixture, "a run that ended says how often its verdicts came true") {
  run_file.begin();
  run_file.add(verdict_row(3, "conv1", "settled"));
  livecca::VerdictRecordRow record;
  record.held = 41;
  record.early = 2;
  record.overtaken = 3;
  record.late = 4;
  record.intervals = 60;
  record.intervals_held = 48;
  run_file.add(record);
  livecca::VerdictRecordRow of_layer;
  of_layer.layer = "conv1";
  of_layer.held = 30;
  run_file.add(of_layer);
  of_layer.layer = "fc";
  of_layer.held = 11;
  of_layer.early = 2;
  run_file.add(of_layer);
  const std::string text = drawn({}, {.width = 300, .now = 1000000});
  CAPTURE(text);
  CHECK(has(text, "yet to go: forecast (unrelated"));  // how right it was is told
  CHECK(has(
      text,
      "\"settled\" was right in 41 of 43 cases, too early most often for fc (2 of 13); 4 times it "
      "could have been said and was not; 3 not judged, as the learning rate jumped later; "
      "what was yet to go lay in its interval 48 of 60 times\n"));
}

TEST_CASE_FIXTURE(ShowFixture, "an alarm says since when it lasts, one that is over when it was") {
  run_file.begin();
  for (int epoch = 0; epoch < 6; ++epoch) {
    run_file.add(measure_row(epoch, "conv1", 0.5));
    run_file.add(verdict_row(epoch, "conv1", "settled"));
    if (epoch >= 3) run_file.add(verdict_row(epoch, "conv1", "dead"));
    if (epoch == 1 || epoch == 2) run_file.add(verdict_row(epoch, "fc", "exploding"));
  }
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(text, "\n! conv1, dead since epoch 3, probe stream\n"));
  CHECK(has(text, "\nearlier alarms: fc exploding (epoch 1 to 2)\n"));
  CHECK(has(text, " settled, dead\n"));  // it stands still, for it is broken
}

TEST_CASE_FIXTURE(ShowFixture,
                  "motion is in the verdicts, and has a table only where it is asked for") {
  run_file.begin();
  for (int epoch = 0; epoch < 3; ++epoch) {
    run_file.add(measure_row(epoch, "conv1", 0.5));
    run_file.add(measure_row(epoch, "conv1", 0.25, "before-1"));
  }
  const std::string title = "to itself one snapshot before";
  CHECK(has(drawn(), title));  // there are no verdicts
  run_file.add(verdict_row(2, "conv1", "moving"));
  const std::string text = drawn();
  CAPTURE(text);
  CHECK_FALSE(has(text, title));
  CHECK(has(text, "more with --reference: before-1\n"));
  ShowOptions options;
  options.reference = "before-1";
  CHECK(has(drawn(options), title));
}

TEST_CASE_FIXTURE(ShowFixture, "alarms, events, overhead and foreign lines each have a line") {
  run_file.begin();
  run_file.add(measure_row(2, "conv1", 0.5));
  auto dead = verdict_row(2, "conv1", "dead");
  dead.message = "expected neurons that vary, got none";
  run_file.add(dead);
  run_file.add_event(0, "nonfinite", "net/conv1", "expected finite, got 3 rows");
  run_file.add_event(1, "nonfinite", "net/conv1", "expected finite, got 9 rows", 12);
  run_file.add_event(1, "nonfinite", "net/fc", "expected\nfinite, got 2 rows");
  run_file.add_event(2, "resumed");
  livecca::OverheadRow overhead;
  overhead.observe_seconds = 0.25;
  overhead.wait_seconds = 0.0625;
  overhead.reference_seconds = 0.0275;
  overhead.training_seconds = 99.66;
  overhead.solve_seconds = 250;
  overhead.train_steps_dropped = 2;
  run_file.add(overhead);
  overhead.lines_lost = 5;
  run_file.add(overhead);
  run_file.add_text("what?\n");
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(text, "\n! conv1, dead, probe stream: expected neurons that vary, got none\n"));
  CHECK(has(text, "\nnonfinite 13×, net/conv1, net/fc; epoch 1: expected finite, got 9 rows\n"));
  CHECK(has(text, "\nwatching took 0.3 % of the training threads' time at the last snapshot;"));
  CHECK(has(text, " 250 s beside it;"));
  CHECK(has(text, " train steps dropped; 5 lines lost\n"));
  CHECK(has(text, "\nrows.jsonl: line 10 was left out"));
  CHECK_FALSE(has(text, "resumed"));
}

TEST_CASE_FIXTURE(ShowFixture, "overhead is a share of at most 1, also in rows of older versions") {
  run_file.begin();
  run_file.add(measure_row(2, "conv1", 0.5));
  livecca::OverheadRow overhead;
  overhead.share = 12;  // as it was: of all threads, in training's time
  overhead.observe_seconds = 3;
  overhead.training_seconds = 1;
  overhead.accumulate_seconds = 9;
  run_file.add(overhead);
  CHECK(has(drawn(), "\nwatching took 75.0 % of the training threads' time at the last snapshot;"));
  livecca::RunRow synchronous;
  synchronous.network = "net";
  synchronous.synchronous = true;
  run_file.add(synchronous);
  CHECK(
      has(drawn(), "\nwatching took 92.3 % of the training threads' time at the last snapshot\n"));
}

TEST_CASE_FIXTURE(ShowFixture, "names that a terminal would act on are shown without that") {
  run_file.begin();
  run_file.add(measure_row(0, "a\x1b[2J\nb", 0.5, "\x1b]0;x\x07"));
  const std::string text = drawn();
  CHECK_FALSE(has(text, "\x1b"));
  CHECK(has(text, "  a [2J b"));
}

TEST_CASE_FIXTURE(ShowFixture,
                  "numbers that may be chance are named, with the images that decide") {
  run_file.begin();
  const auto add = [&](const std::string& layer, std::optional<double> p_value,
                       std::optional<double> needed, const std::string& reference = "seed7") {
    livecca::MeasureRow row = measure_row(3, layer, 0.9, reference);
    row.p_value = p_value;
    row.samples_needed = needed;
    run_file.add(row);
  };
  add("conv1", 1e-9, std::nullopt);
  add("older", std::nullopt, std::nullopt);
  CHECK_FALSE(has(drawn(), "unrelated data:"));
  add("conv2", 0.2, 3021);
  add("conv3", 0.03, 940);
  add("fc", 0.7, std::nullopt);
  add("fc", 0.5, 12, "start");
  ShowOptions options;
  options.reference = "seed7";
  Canvas wide;
  wide.width = 200;
  const std::string text = drawn(options, wide);
  CHECK(
      has(text,
          "not told from unrelated data: conv2 to seed7, conv3 to seed7; about 3,100 inputs would "
          "decide all of them; no nearer than unrelated data: fc to seed7\n"));
  options.reference = "start";
  CHECK(has(drawn(options, wide),
            "not told from unrelated data: fc to start; about 12 inputs would decide it\n"));
}
