// Numbers of windows that are not alike are in no trend together.

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sinks/conditions.hpp"
#include "support/example_rows.hpp"
#include "support/json_lines.hpp"
#include "verdicts/verdicts.hpp"

using namespace livecca;
using livecca_tests::layer_row;
using livecca_tests::number_at;

namespace {

/// A number of 64 neurons on so many inputs.
MeasureRow row_of(std::int64_t epoch, double value, double samples, double floor) {
  MeasureRow row = number_at(epoch, value);
  row.effective_samples = samples;
  row.samples = static_cast<std::uint64_t>(samples);
  row.noise_floor = floor;
  row.features = {64, 64};
  return row;
}

SnapshotVerdicts add(Verdicts& verdicts, const std::vector<MeasureRow>& numbers,
                     const std::vector<LayerRow>& layers = {}, std::optional<double> loss = {}) {
  SnapshotVerdictInput input;
  input.epoch = numbers.empty() ? 0 : numbers.front().epoch;
  input.network = "net";
  input.measure = "pwcca_distance";
  input.numbers = numbers;
  input.layers = layers;
  input.loss = loss;
  return verdicts.add(input);
}

/// Five snapshots whose distance falls, on 1000 inputs.
void fall(Verdicts& verdicts) {
  for (int epoch = 0; epoch < 5; ++epoch) {
    const auto said = add(verdicts, {row_of(epoch, 0.6 - 0.05 * epoch, 1000, 0.75)});
    CHECK(said.begun_anew.empty());
    CHECK(said.directions.at(0).direction == (epoch < 2 ? "undecided" : "nearing"));
  }
}

bool has_alarm(const SnapshotVerdicts& said, const std::string& alarm) {
  return std::ranges::any_of(said.verdicts,
                             [&](const VerdictRow& row) { return row.verdict == alarm; });
}

}  // namespace

TEST_CASE("a curve begins anew when its numbers rest on other samples, and that is told once") {
  Verdicts verdicts({});
  fall(verdicts);
  // On half the inputs all distances are smaller: the fall is no training.
  for (int epoch = 5; epoch < 8; ++epoch) {
    const auto said = add(verdicts, {row_of(epoch, 0.2, 500, 0.6)});
    const DirectionRow& direction = said.directions.at(0);
    CHECK(direction.snapshots == static_cast<std::size_t>(epoch - 4));
    CHECK(direction.direction == (epoch < 7 ? "undecided" : "keeping"));
    CHECK(said.begun_anew ==
          (epoch == 5
               ? "conv1 to seed7: expected 1000 samples as before, got 500; so 1 curve begins "
                 "anew"
               : ""));
  }
}

TEST_CASE("a few samples more or less do not end a curve, nor do many if the floor stays") {
  Verdicts few({});
  fall(few);
  CHECK(add(few, {row_of(5, 0.35, 950, 0.74)}).begun_anew.empty());
  Verdicts many({});
  for (int epoch = 0; epoch < 5; ++epoch) {
    const double samples = epoch < 3 ? 1e6 : 2e6;
    const auto said = add(many, {row_of(epoch, 0.6 - 0.05 * epoch, samples, 0.99 + epoch * 1e-4)});
    CHECK(said.begun_anew.empty());
    CHECK(said.directions.at(0).snapshots == static_cast<std::size_t>(epoch + 1));
  }
  // Without floors only the samples tell.
  Verdicts without({});
  MeasureRow row = number_at(0, 0.5);
  row.effective_samples = 1e6;
  add(without, {row});
  row.effective_samples = 2e6;
  CHECK_FALSE(add(without, {row}).begun_anew.empty());
}

TEST_CASE("samples that creep by a little each time end a curve once they are far from its begin") {
  Verdicts verdicts({});
  std::vector<std::size_t> snapshots;
  for (int epoch = 0; epoch < 4; ++epoch) {
    const double samples = 1000 - 40 * epoch;
    const auto said = add(verdicts, {row_of(epoch, 0.5, samples, 0.75 - 0.01 * epoch)});
    snapshots.push_back(said.directions.at(0).snapshots);
  }
  CHECK(snapshots == std::vector<std::size_t>{1, 2, 3, 1});
}

TEST_CASE("a curve begins anew in another mode, and at another width, which is told elsewhere") {
  Verdicts verdicts({});
  fall(verdicts);
  MeasureRow training = row_of(5, 0.3, 1000, 0.75);
  training.modes = {"train", "eval"};
  const auto said = add(verdicts, {training});
  CHECK(said.begun_anew ==
        "conv1 to seed7: expected eval mode as before, got train; so 1 curve begins anew");
  CHECK(said.directions.at(0).snapshots == 1);
  MeasureRow wide = training;
  wide.features = {128, 64};
  const auto wider = add(verdicts, {wide});
  CHECK(wider.begun_anew.empty());
  CHECK(wider.directions.at(0).snapshots == 1);
}

TEST_CASE("curves that begin anew together are one message") {
  Verdicts verdicts({});
  std::vector<MeasureRow> rows{row_of(0, 0.5, 1000, 0.75), row_of(0, 0.4, 1000, 0.75)};
  rows[1].layer = rows[1].reference_layer = "conv2";
  add(verdicts, rows);
  for (MeasureRow& row : rows) {
    row.effective_samples = 200;
    row.noise_floor = 0.4;
  }
  CHECK(add(verdicts, rows).begun_anew ==
        "conv1 to seed7: expected 1000 samples as before, got 200; so 2 curves begin anew");
}

TEST_CASE("a resumed run knows on how many samples a curve rests, an older checkpoint does not") {
  Verdicts verdicts({});
  fall(verdicts);
  const std::string state = verdicts.state();
  const std::vector<MeasureRow> next{row_of(5, 0.2, 500, 0.6)};
  Verdicts resumed({});
  REQUIRE(resumed.restore(state));
  CHECK(resumed.state() == state);
  CHECK(add(resumed, next).begun_anew == add(verdicts, next).begun_anew);
  auto older = nlohmann::ordered_json::parse(state);
  older["curves"][0].erase("conditions");
  Verdicts without({});
  REQUIRE(without.restore(older.dump()));
  const auto said = add(without, next);
  CHECK(said.begun_anew.empty());
  CHECK(said.directions.at(0).snapshots == 5);
}

TEST_CASE("the growth of a layer of another width begins anew") {
  for (const std::size_t width : {32, 64}) {
    CAPTURE(width);
    Verdicts verdicts({});
    for (const double loss : {2.0, 1.0, 0.9}) add(verdicts, {}, {layer_row("fc", 32, 1)}, loss);
    const auto said = add(verdicts, {}, {layer_row("fc", width, 1000)}, 1.0);
    CHECK(has_alarm(said, "exploding") == (width == 32));
  }
}

TEST_CASE("an effective rank that falls with the number of samples is no collapse") {
  for (const double samples : {1000.0, 60.0}) {
    CAPTURE(samples);
    Verdicts verdicts({});
    LayerRow layer = layer_row("fc", 512, 1);
    layer.effective_rank = 100;
    for (const double loss : {2.0, 1.5, 1.0}) add(verdicts, {}, {layer}, loss);
    layer.effective_rank = 40;
    layer.effective_samples = samples;
    add(verdicts, {}, {layer}, 1.2);
    CHECK(has_alarm(add(verdicts, {}, {layer}, 1.2), "collapsing") == (samples == 1000));
  }
}

TEST_CASE("an explosion does not end where the root mean square is no longer finite") {
  Verdicts verdicts({});
  for (const double loss : {2.0, 1.0, 0.9}) add(verdicts, {}, {layer_row("fc", 32, 1)}, loss);
  REQUIRE(has_alarm(add(verdicts, {}, {layer_row("fc", 32, 1000)}, 1.0), "exploding"));
  LayerRow overflowed = layer_row("fc", 32, 0);
  overflowed.root_mean_square.reset();
  CHECK(has_alarm(add(verdicts, {}, {overflowed}, 1.0), "exploding"));
  // Of a layer that nobody saw, nothing is known.
  overflowed.samples = 0;
  overflowed.effective_samples = 0;
  CHECK_FALSE(has_alarm(add(verdicts, {}, {overflowed}, 1.0), "exploding"));
}

TEST_CASE("a forged list of ranks is cut when it is read, and older ones have no samples") {
  Verdicts verdicts({});
  LayerRow layer = layer_row("fc", 32, 1);
  layer.effective_rank = 10;
  add(verdicts, {}, {layer}, 1.0);
  auto forged = nlohmann::ordered_json::parse(verdicts.state());
  forged["layers"][0]["course"]["ranks"] = std::vector<double>(100000, 3);
  forged["layers"][0]["course"].erase("samples");
  Verdicts read({});
  REQUIRE(read.restore(forged.dump()));
  const auto again = nlohmann::ordered_json::parse(read.state());
  CHECK(again["layers"][0]["course"]["ranks"].size() == 5);
  CHECK(again["layers"][0]["course"]["samples"] == 0.0);
}
