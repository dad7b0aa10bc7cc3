#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>

#include "show/show.hpp"
#include "show_fixture.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

TEST_CASE_FIXTURE(ShowFixture, "the latest values, floors and verdicts stand in their tables") {
  run_file.begin({"pwcca", "linear_cka"});
  for (int epoch = 0; epoch < 8; ++epoch) {
    run_file.add_log(epoch, "loss", 2.0 / (epoch + 1));
    for (const char* reference : {"seed7", "start"}) {
      const double step = reference == std::string("start") ? 0.01 : 0.02;
      run_file.add(measure_row(epoch, "conv1", step * epoch, reference));
      run_file.add(measure_row(epoch, "fc", 0.8 - step * epoch, reference));
    }
    auto settled = verdict_row(epoch, "conv1", epoch < 6 ? "undecided" : "settled");
    settled.since_epoch = 4;
    settled.speed = 0.0025;
    settled.remaining = 0.01;
    settled.remaining_low = 0.003;
    settled.remaining_high = 0.03;
    run_file.add(settled);
    auto moving = verdict_row(epoch, "fc", "moving");
    moving.speed = 0.125;
    run_file.add(moving);
    run_file.add(direction_row(epoch, "conv1", "leaving"));
    run_file.add(direction_row(epoch, "fc", "nearing"));
  }
  run_file.add(measure_row(3, "conv1", 0.0625, "final"));
  const std::string text = drawn({}, {.now = 1000000});
  CAPTURE(text);
  CHECK(text.starts_with("1 of 2 layers has settled; fc still moves (0.12 an epoch)."));
  CHECK(has(text, "first: network net, epoch 7, 8 epochs seen, last row 11 days ago\n"));
  const std::string conv1 = line(text, "pwcca_distance to seed7, probe stream; █ is 0.8", "conv1");
  CHECK(has(conv1, "0.1400  0.8750  +0.0800  leaving"));
  CHECK(has(conv1, "▁▁▁▁"));
  CHECK(has(line(text, "pwcca_distance to seed7", "fc"), "0.6600  0.8750  -0.0800  nearing"));
  CHECK(has(text, "1 of 2 layers has settled; fc moves most, by 0.1250 an epoch\n"));
  const std::string told = line(text, "layers has settled", "conv1");
  for (const char* cell :
       {"0.0025  0.0030 to 0.0300 ", " 0.1400 ↑ ", " 0.0700  0.8750  settled since 4"}) {
    CAPTURE(cell);
    CHECK(has(told, cell));
  }
  CHECK(has(line(text, "layers has settled", "fc"), " 0.6600 ↓ "));
  CHECK_FALSE(has(text, "was right in"));
  CHECK(has(line(text, "pwcca_distance to its own start", "conv1"), "0.0700  0.8750  +0.0400"));
  CHECK_FALSE(has(line(text, "pwcca_distance to its own start", "fc"), "nearing"));
  CHECK(has(line(text, "pwcca_distance to the final state", "conv1"), "0.0625"));
  CHECK(has(line(text, "first:", "loss"), "0.25  0.25 to 2"));
  CHECK(text.find("to seed7") < text.find("to its own start"));
  CHECK(text.find("  conv1") < text.find("  fc"));
  CHECK_FALSE(has(text, "\x1b"));
}

TEST_CASE_FIXTURE(ShowFixture, "what verdicts remark stands below them") {
  run_file.begin();
  for (const char* layer : {"conv1", "fc"}) {
    auto verdict = verdict_row(3, layer, "moving");
    verdict.message = "the learning rate fell";
    run_file.add(verdict);
  }
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(text, "\n  fc            -          -  moving\nthe learning rate fell\nan epoch: "));
}

TEST_CASE_FIXTURE(ShowFixture,
                  "the first line says how many layers have settled, and which moves most") {
  run_file.begin();
  const auto add = [&](const char* layer, const char* verdict, std::optional<double> speed) {
    auto row = verdict_row(0, layer, verdict);
    row.speed = speed;
    run_file.add(row);
  };
  add("a", "settled", 0.5);
  CHECK(has(drawn(), "\n1 of 1 layer has settled\n"));
  add("b", "undecided", 0.5);
  add("c", "moving", std::nullopt);
  CHECK(has(drawn(), "\n1 of 3 layers has settled, 1 undecided\n"));
  run_file.add(measure_row(4, "a", 0.5));  // a later epoch, whose verdicts are not there yet
  CHECK(has(drawn(), "\nat epoch 0: 1 of 3 layers has settled, 1 undecided\n"));
  add("d", "moving", 0.125);
  add("e", "wandering", 0.25);
  CHECK(has(drawn(),
            "\nat epoch 0: 1 of 5 layers has settled, 1 undecided; e wanders most, by 0.2500 an "
            "epoch\n"));
}

TEST_CASE_FIXTURE(ShowFixture, "a snapshot has as many bars in each table") {
  run_file.begin();
  for (int epoch = 0; epoch < 24; ++epoch) {
    run_file.add(measure_row(epoch, "conv1", 0.5));
    run_file.add(direction_row(epoch, "conv1", "nearing"));
    run_file.add(measure_row(epoch, "conv1", 0.5, "final"));
  }
  // The final state's table has no changes and no directions, and so room for two bars each.
  const std::string text = drawn({}, {.width = 80});
  CAPTURE(text);
  std::string bars;
  for (int epoch = 0; epoch < 24; ++epoch) bars += "█";
  for (const char* title : {"pwcca_distance to seed7", "pwcca_distance to the final state"}) {
    CHECK(has(line(text, title, "conv1"), "  " + bars + "  "));
  }
}

TEST_CASE_FIXTURE(ShowFixture, "rounding errors have no bars") {
  run_file.begin();
  for (int epoch = 0; epoch < 4; ++epoch) {
    run_file.add(measure_row(epoch, "conv1", epoch % 2 == 0 ? 2.2e-16 : 0.0));
    run_file.add_log(epoch, "loss", epoch % 2 == 0 ? 0.1 : 0.1 + 1e-16);
    run_file.add_log(epoch, "accuracy", epoch % 2 == 0 ? 0.1 : 0.2);
  }
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(text, "probe stream; █ is 0.001\n"));
  CHECK(has(line(text, "probe stream", "conv1"), "▁▁▁▁▁▁▁▁       0.0000"));
  CHECK(has(line(text, "first:", "loss"), "▁▁▁▁▁▁▁▁  "));
  CHECK(has(line(text, "first:", "accuracy"), "▁▁██▁▁██  "));
}

TEST_CASE_FIXTURE(ShowFixture, "a number is not shown where the inputs are too few for any") {
  run_file.begin();
  auto row = measure_row(0, "wide", 0.0);
  row.samples = 64;  // of 64 features: every distance of correlations is 0
  row.effective_samples = 64;
  row.ranks = {63, 32};
  row.status = livecca::Status::undersampled;
  run_file.add(row);
  run_file.add(verdict_row(0, "wide", "undecided"));
  run_file.add(verdict_row(0, "other", "undecided"));
  const std::string text = drawn();
  CAPTURE(text);
  const std::string why = "no answer: 64 inputs for 64 features";
  CHECK(has(line(text, "layers have settled", "wide"), "undecided, " + why));
  CHECK(has(line(text, "pwcca_distance to seed7", "wide"), "-  0.8750  " + why));
  CHECK_FALSE(has(text, "0.0000"));
}

TEST_CASE_FIXTURE(ShowFixture, "a number that is missing is a dash and a blank") {
  run_file.begin();
  run_file.add(measure_row(0, "conv1", 0.5));
  run_file.add(measure_row(1, "conv1", std::nullopt));
  run_file.add_log(0, "loss", std::nan(""));
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(line(text, "to seed7", "conv1"), "██"));
  CHECK(has(line(text, "to seed7", "conv1"), " -  0.8750  missing"));
  CHECK(has(text, "status missing: "));
  CHECK(has(line(text, "first:", "loss"), "-"));
  CHECK_FALSE(has(text, "nan"));
  CHECK_FALSE(has(text, "null"));
}

TEST_CASE_FIXTURE(ShowFixture, "what is shown can be chosen, and what is not there is named") {
  run_file.begin({"pwcca", "linear_cka"});
  for (const char* layer : {"conv1", "conv2", "fc"}) {
    for (const char* reference : {"seed7", "start"}) {
      auto row = measure_row(0, layer, 0.5, reference);
      run_file.add(row);
      row.measure = "linear_cka_similarity";
      row.direction = livecca::Direction::similarity;
      row.value = 0.75;
      run_file.add(row);
    }
  }
  const std::string text = table({"show", run_file.folder(), "--measure", "linear_cka", "--layer",
                                  "conv*", "--reference", "start"});
  CHECK(has(text, "linear_cka_similarity to its own start"));
  CHECK(has(line(text, "linear_cka", "conv2"), "0.7500"));
  CHECK_FALSE(has(text, "seed7"));
  CHECK_FALSE(has(text, "fc"));
  CHECK_FALSE(has(text, "\x1b"));
  const std::string run = run_file.folder();
  refuses({"show", run, "--measure", "svcca"}, {"--measure", "pwcca_distance", "'svcca'"});
  refuses({"show", run, "--reference", "seed8"}, {"--reference", "seed7, start", "'seed8'"});
  refuses({"show", run, "--layer", "x*"}, {"--layer", "conv1, conv2, fc", "'x*'"});
  refuses({"show", run, "--stream", "train"}, {"--stream", "probe", "'train'"});
  refuses({"show", run, "--stream", "other"}, {"--stream", "probe or train", "'other'"});
  refuses({"show", run, "--width", "12"}, {"--width", "60 or more", "'12'"});
  refuses({"show", "@none"}, {"livecca show", "got nothing of this name"});
  refuses({"show", "@."}, {"livecca show", "without rows.jsonl"});
  write_text(path("rows.jsonl"), "");
  refuses({"show", "@."}, {"rows.jsonl", "expected rows of a run", "no whole line"});
}

TEST_CASE_FIXTURE(ShowFixture, "layers across a reference show which are nearest") {
  run_file.begin();
  for (const char* layer : {"conv1", "conv2"}) {
    for (const char* other : {"conv1", "conv2", "conv3"}) {
      auto row = measure_row(0, layer, 0.25);
      row.reference_layer = other;
      if (layer == std::string(other)) row.value = layer == std::string("conv1") ? 0.125 : 0.5;
      run_file.add(row);
    }
  }
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(has(line(text, "pwcca_distance to seed7", "conv2"), "0.5000"));
  CHECK(has(line(text, "layer by layer", "conv1"), "▃▅▅  conv1 0.1250, then conv2 0.2500"));
  CHECK(has(line(text, "layer by layer", "conv2"), "▅█▅  conv1 0.2500, then conv3 0.2500"));
}

TEST_CASE_FIXTURE(ShowFixture, "the train stream has the drift from the probe") {
  run_file.begin();
  auto row = measure_row(0, "conv1", 0.5);
  run_file.add(row);
  row.stream = livecca::Stream::train;
  row.value = 0.625;
  run_file.add(row);
  livecca::DriftRow drift;
  drift.layer = drift.reference_layer = "conv1";
  drift.reference = "seed7";
  drift.measure = "pwcca_distance";
  drift.probe = 0.5;
  drift.train = 0.625;
  run_file.add(drift);
  const std::string text = drawn();
  CHECK(has(line(text, "train stream", "conv1"), "0.6250  0.8750  +0.1250"));
  CHECK_FALSE(has(line(text, "probe stream", "conv1"), "0.1250"));
  drift.probe_noise_floor = 0.8;
  drift.train_noise_floor = 0.9;
  run_file.add(drift);
  CHECK(has(line(drawn(), "train stream", "conv1"), "0.6250  0.8750  +0.1250"));
  CHECK_FALSE(has(line(drawn(), "train stream", "conv1"), "~"));
  drift.train_noise_floor = 0.95;  // the floors differ by more than the numbers
  run_file.add(drift);
  CHECK(has(line(drawn(), "train stream", "conv1"), "0.6250  0.8750  +0.1250~"));
}

TEST_CASE_FIXTURE(ShowFixture, "a rank below the width is shown as the rank") {
  run_file.begin();
  auto row = measure_row(0, "norm", 0.5);
  row.status = livecca::Status::rank_deficient;
  row.ranks = {127, 128};
  row.features = {128, 128};
  run_file.add(row);
  row.layer = "reference";
  row.ranks = {128, 40};
  run_file.add(row);
  const std::string text = drawn();
  CAPTURE(text);
  CHECK(line(text, "probe stream", "norm").ends_with("rank 127 of 128"));
  CHECK(line(text, "probe stream", "reference").ends_with("rank 40 of 128"));
  CHECK(has(text, "status rank_deficient: "));
}

TEST_CASE_FIXTURE(ShowFixture, "the nearest of many layers is no match if it may be chance") {
  run_file.begin();
  const auto add = [&](const std::string& other, double value, double p_value) {
    livecca::MeasureRow row = measure_row(3, "conv1", value);
    row.reference_layer = other;
    row.p_value = p_value;
    run_file.add(row);
  };
  add("conv1", 0.88, 0.4);
  add("conv2", 0.86, 0.02);
  CHECK(has(drawn(), "as unrelated layers may be"));
  add("conv2", 0.5, 1e-6);
  CHECK_FALSE(has(drawn(), "as unrelated layers may be"));
}
