#include "runs/sentence.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "run_file.hpp"
#include "runs/disagreement.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

namespace {

class SentenceFixture {
 public:
  SentenceFixture() { run_file.begin(); }

  void add(const std::string& layer, const std::string& verdict, std::optional<double> speed = {},
           std::optional<std::int64_t> since = {}, std::int64_t epoch = 9) {
    auto row = verdict_row(epoch, layer, verdict);
    row.speed = speed;
    row.since_epoch = since;
    row.snapshots = static_cast<std::size_t>(epoch) + 1;
    run_file.add(row);
  }

  void add_near(std::int64_t epoch, const std::string& layer, double value = 0.2) {
    auto row = measure_row(epoch, layer, value);
    row.effective_samples = 500;
    run_file.add(row);
  }

  Sentence sentence() const { return sentence_of(RunReader(run_file.folder()).rows()); }
  std::string text() const { return sentence().text(); }

  RunFile run_file;
};

}  // namespace

TEST_CASE_FIXTURE(SentenceFixture, "the sentence says how many have settled and what moves") {
  for (const char* layer : {"conv1", "conv2", "conv3", "fc1"}) add(layer, "settled", 0.001, 5);
  add("conv4", "moving", 0.0213);
  for (const char* layer : {"conv1", "conv4", "fc2"}) add_near(9, layer);
  auto row = verdict_row(9, "fc2", "undecided");
  row.samples_needed = 1180;
  run_file.add(row);
  CHECK(text() ==
        "4 of 6 layers have settled; conv4 still moves (0.021 an epoch); fc2 cannot be told from "
        "chance with 500 images (about 1,200 would do).");
  const Sentence parts = sentence();
  REQUIRE(parts.parts.size() == 3);
  CHECK(parts.parts[0].kind == SentenceKind::settled);
  CHECK(parts.parts[0].layers.size() == 4);
  CHECK(parts.parts[1].kind == SentenceKind::moving);
  CHECK(parts.parts[1].layers == std::vector<std::string>{"conv4"});
  CHECK(parts.parts[2].kind == SentenceKind::chance);
}

TEST_CASE_FIXTURE(SentenceFixture, "when all have settled, it says which did last") {
  add("conv1", "settled", 0.001, 5);
  add("fc", "settled", 0.001, 8);
  CHECK(text() == "Both layers have settled, fc last, at epoch 8.");
}

TEST_CASE_FIXTURE(SentenceFixture,
                  "layers that settled at the same time are not named as the last") {
  for (const char* layer : {"conv1", "conv2", "fc"}) add(layer, "settled", 0.001, 8);
  CHECK(text() == "All 3 layers have settled.");
}

TEST_CASE_FIXTURE(SentenceFixture, "the message of one layer's verdict is no reason for others") {
  auto row = verdict_row(2, "conv1", "undecided");
  row.message = "the learning rate fell from 0.1 to 0.01";
  run_file.add(row);
  add("fc", "undecided", {}, {}, 2);
  CHECK(text() == "It is too early to say.");
}

TEST_CASE_FIXTURE(SentenceFixture, "a snapshot is told when all of its rows are there") {
  const auto end = [&](std::int64_t epoch) {
    livecca::OverheadRow row;
    row.epoch = epoch;
    run_file.add(row);
  };
  const auto layer_row = [](std::int64_t epoch) {
    livecca::LayerRow row;
    row.epoch = epoch;
    row.step = static_cast<std::uint64_t>(10 * epoch + 10);
    row.network = "net";
    row.layer = "fc";
    return row;
  };
  for (const char* layer : {"conv1", "conv2", "fc"}) add(layer, "settled", 0.001, 8, 9);
  run_file.add(verdict_row(9, "fc", "dead"));
  end(9);
  const std::string before = text();
  CHECK(before == "fc has been dead since epoch 9; all 3 layers have settled.");
  run_file.add(layer_row(10));
  CHECK(text() == before);
  add("conv1", "moving", 0.1, {}, 10);
  run_file.add(verdict_row(10, "fc", "dead"));
  CHECK(text() == before);
  add("conv2", "moving", 0.1, {}, 10);
  end(10);
  CHECK(text().starts_with("fc has been dead since epoch 9; none of 2 layers has settled; "));
  run_file.add(layer_row(11));
  run_file.add(layer_row(12));  // the one before was not told to its end
  CHECK(text() == "No number of a layer yet.");
  add("fc", "settled", 0.001, 12, 12);
  run_file.add_event(12, "finished");
  CHECK(text() == "At the end (epoch 12), the only layer has settled.");
}

TEST_CASE_FIXTURE(SentenceFixture, "a run of one layer is said in the singular") {
  add("fc", "settled", 0.001, 8);
  CHECK(text() == "The only layer has settled.");
  add("fc", "moving", 0.5, {}, 10);
  CHECK(text() == "The only layer has not settled; fc still moves (0.5 an epoch).");
}

TEST_CASE_FIXTURE(SentenceFixture,
                  "when none has settled, the fastest are named and the rest counted") {
  for (int i = 0; i < 7; ++i) add("conv" + std::to_string(i), "moving", 0.01 * (i + 1));
  add("fc", "wandering", 0.00001);
  CHECK(
      text() ==
      "None of 8 layers has settled; conv6 (0.07 an epoch), conv5 (0.06 an epoch), conv4 (0.05 an "
      "epoch) and 4 others still move; fc wanders (less than 0.001 an epoch).");
  CHECK(sentence().parts[1].layers.size() == 7);
}

TEST_CASE_FIXTURE(SentenceFixture, "alarms come first, with the epoch since which they last") {
  for (const int epoch : {12, 13, 14}) {
    add("conv1", "settled", 0.001, 5, epoch);
    run_file.add(verdict_row(epoch, "fc", "dead"));
    add("fc", "undecided", {}, {}, epoch);
  }
  CHECK(text() == "fc has been dead since epoch 12; 1 of 2 layers has settled.");
  CHECK(sentence().parts[0].kind == SentenceKind::alarm);
  run_file.add(verdict_row(15, "fc", "dead"));
  run_file.add(verdict_row(15, "conv1", "exploding"));
  run_file.add(verdict_row(15, "conv2", "dead"));
  CHECK(text().starts_with(
      "conv1 has been exploding since epoch 15; conv2 (since epoch 15) and fc (since epoch 12) are "
      "dead; "));
}

TEST_CASE_FIXTURE(SentenceFixture, "a layer without a distance to its past is not one too early") {
  add("conv1", "settled", 0.001, 5);
  auto row = verdict_row(9, "fc", "undecided");
  row.snapshots = 5;
  row.message = "no distance to the snapshot before";
  run_file.add(row);
  CHECK(text() == "1 of 2 layers has settled; fc cannot be followed from snapshot to snapshot.");
}

TEST_CASE_FIXTURE(SentenceFixture,
                  "an alarm that ended is over, and begins anew when it comes again") {
  for (const int epoch : {3, 4, 6}) run_file.add(verdict_row(epoch, "fc", "collapsing"));
  CHECK(text().starts_with("fc has been collapsing since epoch 3"));  // no snapshot between 4 and 6
  add("fc", "moving", 0.1, {}, 7);
  CHECK(text().starts_with("The only layer has not settled"));
  run_file.add(verdict_row(8, "fc", "collapsing"));
  CHECK(text().starts_with("fc has been collapsing since epoch 8"));
}

TEST_CASE_FIXTURE(SentenceFixture,
                  "when the probe is too small for all, it says how large it should be") {
  for (const char* layer : {"conv1", "fc"}) {
    add_near(9, layer, 0.9);
    auto row = verdict_row(9, layer, "undecided");
    row.samples_needed = layer == std::string("fc") ? 3020 : 100;
    run_file.add(row);
  }
  CHECK(text() ==
        "None of 2 layers can be told from chance with 500 images (about 3,100 would do); no layer "
        "is nearer to seed7 than unrelated data.");
}

TEST_CASE_FIXTURE(SentenceFixture, "measures that contradict each other are told") {
  for (int epoch = 0; epoch < 6; ++epoch) {
    add_near(epoch, "fc", 0.8 - 0.1 * epoch);
    auto row = measure_row(epoch, "fc", 0.8 - 0.1 * epoch);
    row.measure = "linear_cka_similarity";
    row.direction = livecca::Direction::similarity;
    row.noise_floor = 0.1;
    run_file.add(row);
  }
  add("fc", "moving", 0.1);
  const std::string disagreement =
      "to seed7: by pwcca_distance it comes nearer, by linear_cka_similarity it goes away";
  CHECK(text() ==
        "The only layer has not settled; fc still moves (0.1 an epoch); measures disagree "
        "on fc (" +
            disagreement + ").");
  CHECK(disagreement_on(RunReader(run_file.folder()).rows(), "fc") == disagreement);
}

TEST_CASE_FIXTURE(SentenceFixture, "numbers that chance may have made do not contradict others") {
  for (const bool is_exact : {false, true}) {
    for (int epoch = 0; epoch < 6; ++epoch) {
      add_near(epoch, is_exact ? "fc" : "conv1", 0.8 - 0.1 * epoch);
      auto row = measure_row(epoch, is_exact ? "fc" : "conv1", 0.8 - 0.02 * epoch);
      row.measure = "linear_cka_similarity";
      row.direction = livecca::Direction::similarity;
      row.standard_error = is_exact ? 0.001 : 0.05;
      row.noise_floor = 0.1;
      run_file.add(row);
    }
  }
  const auto disagreements = [&](const char* layer) {
    return disagreement_on(RunReader(run_file.folder()).rows(), layer);
  };
  CHECK(disagreements("conv1").empty());
  CHECK(!disagreements("fc").empty());
}

TEST_CASE_FIXTURE(SentenceFixture, "with few snapshots it is too early to say") {
  for (const char* layer : {"conv1", "fc"}) add(layer, "undecided", {}, {}, 2);
  CHECK(text() == "It is too early to say.");
  run_file.add_event(2, "finished");
  CHECK(text() == "At the end, there were too few snapshots to say.");
}

TEST_CASE_FIXTURE(SentenceFixture, "a run that is finished says so") {
  add_near(40, "fc");
  add("conv1", "settled", 0.001, 5, 40);
  add("fc", "moving", 0.1, {}, 40);
  run_file.add_event(40, "finished");
  CHECK(text() ==
        "At the end (epoch 40), 1 of 2 layers has settled; fc still moves (0.1 an epoch).");
}

TEST_CASE_FIXTURE(SentenceFixture, "without a history the directions are told") {
  for (const char* layer : {"conv1", "conv2", "fc"}) {
    add_near(3, layer);
    run_file.add(direction_row(3, layer, layer == std::string("fc") ? "leaving" : "nearing"));
  }
  CHECK(text() == "There are no verdicts; 2 of 3 layers come nearer to seed7, fc goes away.");
}

TEST_CASE_FIXTURE(SentenceFixture, "a run without numbers says so") {
  CHECK(text() == "No number of a layer yet.");
  run_file.add_event(0, "finished");
  CHECK(text() == "Finished without a number of a layer.");
}

TEST_CASE_FIXTURE(SentenceFixture, "names that a terminal would act on are one line") {
  add("a\nb\x1b[31m", "moving", 0.1);
  CHECK(text() == "The only layer has not settled; a b [31m still moves (0.1 an epoch).");
  CHECK(sentence().parts[1].layers == std::vector<std::string>{"a\nb\x1b[31m"});
}

TEST_CASE_FIXTURE(SentenceFixture, "the parts put together are the sentence") {
  add("conv1", "settled", 0.001, 5);
  add("fc", "wandering", 0.1);
  std::string together;
  for (const SentencePart& part : sentence().parts) together += part.text;
  CHECK(together == text());
  CHECK(together.ends_with("."));
}
