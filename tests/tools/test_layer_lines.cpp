#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "run_file.hpp"
#include "runs/layer_lines.hpp"

using namespace livecca_tests;
using namespace livecca::tool;

namespace {

using Line = std::vector<std::string>;

template <typename Row>
void add(RunRows& rows, const Row& row) {
  rows.add({.run = "run", .row = row});
}

livecca::LayerRow layer_row(const std::string& network, const std::string& layer) {
  livecca::LayerRow row;
  row.network = network;
  row.layer = layer;
  row.epoch = 1;
  row.step = 20;
  return row;
}

/// Two layers of a network, in the order of watching, which is not that of the alphabet.
RunRows two_layers() {
  RunRows rows;
  for (const char* layer : {"stem", "block"}) {
    add(rows, measure_row(1, layer, 0.25));
    add(rows, measure_row(1, layer, 0.5, "start"));
    add(rows, measure_row(1, layer, 0.125, "before-1"));
  }
  for (const char* layer : {"stem", "block", "head"}) add(rows, layer_row("seed7", layer));
  for (const char* layer : {"stem", "block"}) add(rows, layer_row("net", layer));
  return rows;
}

}  // namespace

TEST_CASE("layers stand in the order of watching, without those of other networks") {
  RunRows rows = two_layers();
  CHECK(layers_in_order(rows) == Line{"stem", "block"});
  add(rows, verdict_row(1, "a", "moving"));  // of which nothing else is known
  CHECK(layers_in_order(rows) == Line{"stem", "block", "a"});
  livecca::RunRow facts;
  facts.network = "net";
  for (const char* layer : {"a", "block", "stem", "unused"}) {
    facts.taps.push_back({"net", layer, "nc"});
  }
  add(rows, facts);
  CHECK(layers_in_order(rows) == Line{"a", "block", "stem"});
}

TEST_CASE("a line has the layer's motion, its distances with floors and directions, its verdict") {
  RunRows rows = two_layers();
  auto verdict = verdict_row(1, "stem", "settled");
  verdict.since_epoch = 1;
  verdict.speed = 0.01;
  verdict.remaining = 0.02;
  verdict.remaining_low = 0.002;
  verdict.remaining_high = 0.04;
  add(rows, verdict);
  add(rows, verdict_row(1, "block", "moving"));
  add(rows, direction_row(1, "stem", "nearing"));
  const LayerLines lines = layer_lines(rows, {"stem", "block"}, {});
  REQUIRE(lines.cells.size() == 3);
  CHECK(lines.cells[0] == Line{"  layer", "an epoch", "yet to go", "to seed7", "floor", "to start",
                               "floor", "verdict"});
  CHECK(lines.cells[1] == Line{"  stem", "0.0100", "0.0020 to 0.0400", "0.2500 ↓", "0.8750",
                               "0.5000", "0.8750", "settled since 1"});
  CHECK(lines.cells[2] ==
        Line{"  block", "-", "-", "0.2500  ", "0.8750", "0.5000", "0.8750", "moving"});
  CHECK(lines.left_out.empty());
  CHECK(
      lines.legend() ==
      "an epoch: how far it moves; yet to go: forecast, right about 8 times in 10 (unrelated data: "
      "1 for both); "
      "to …: pwcca_distance; floor: unrelated data of this size; ↓ nearing, ↑ leaving, = keeping, "
      "? undecided");
}

TEST_CASE("without verdicts, the distance to the snapshot before stands in their place") {
  const RunRows rows = two_layers();
  const LayerLines lines = layer_lines(rows, layers_in_order(rows), {});
  CHECK(lines.cells[0] ==
        Line{"  layer", "to seed7", "floor", "to start", "floor", "to before-1", "floor", ""});
  CHECK(lines.cells[2] ==
        Line{"  block", "0.2500", "0.8750", "0.5000", "0.8750", "0.1250", "0.8750", ""});
  CHECK(lines.legend() == "to …: pwcca_distance; floor: unrelated data of this size");
}

TEST_CASE("where there is no room, floors go first, then the last references, which are named") {
  RunRows rows = two_layers();
  for (const char* layer : {"stem", "block"}) add(rows, verdict_row(1, layer, "moving"));
  const auto heading = [&](std::size_t width) {
    const LayerLines lines = layer_lines(rows, {"stem", "block"}, {.width = width});
    return std::pair(lines.cells[0].size(), lines.left_out);
  };
  // 7 + 8 + 9 + 8 + 6 + 8 + 6 + 7 characters, and 7 gaps of 2.
  CHECK(heading(73) == std::pair(std::size_t{8}, Line{}));
  CHECK(heading(72) == std::pair(std::size_t{6}, Line{}));
  CHECK(heading(57) == std::pair(std::size_t{6}, Line{}));
  CHECK(heading(56) == std::pair(std::size_t{5}, Line{"to start"}));
  CHECK(heading(40) == std::pair(std::size_t{4}, Line{"to seed7", "to start"}));
}

TEST_CASE("the train stream and statuses are there where they are asked for") {
  RunRows rows = two_layers();
  auto row = measure_row(1, "stem", 0.75);
  row.stream = livecca::Stream::train;
  row.status = livecca::Status::undersampled;
  add(rows, row);
  const LayerLines plain = layer_lines(rows, {"stem"}, {});
  CHECK(std::ranges::find(plain.cells[0], "to seed7, train") == plain.cells[0].end());
  CHECK(plain.cells[1].back().empty());
  const LayerLines all = layer_lines(rows, {"stem"}, {.has_train = true, .has_status = true});
  CHECK(std::ranges::find(all.cells[0], "to seed7, train") != all.cells[0].end());
  CHECK(all.cells[1].back() == "undersampled");
}

TEST_CASE("of several reference layers the nearest is shown, with its name") {
  RunRows rows;
  for (const char* other : {"a", "b"}) {
    auto row = measure_row(1, "stem", other == std::string("b") ? 0.25 : 0.5);
    row.reference_layer = other;
    add(rows, row);
  }
  CHECK(layer_lines(rows, {"stem"}, {}).cells[1][1] == "0.2500 b");
}

TEST_CASE("verdicts say when a layer is expected to settle, and their remarks stand once") {
  RunRows rows = two_layers();
  auto verdict = verdict_row(1, "stem", "moving");
  verdict.settling_epoch = 15;
  verdict.settling_epoch_low = 13.75;
  verdict.settling_epoch_high = 17.25;
  verdict.message = "the learning rate fell";
  add(rows, verdict);
  const auto remarks = [&] { return layer_lines(rows, {"stem", "block"}, {}).remarks; };
  CHECK(layer_lines(rows, {"stem", "block"}, {}).cells[1].back() == "moving, settles at 13 to 18");
  CHECK(remarks() == Line{"stem: the learning rate fell"});
  verdict.verdict = "wandering";  // which goes nowhere
  add(rows, verdict);
  CHECK(layer_lines(rows, {"stem"}, {}).cells[1].back() == "wandering");
  verdict.verdict = "moving";
  add(rows, verdict);
  verdict.layer = "block";
  add(rows, verdict);
  CHECK(remarks() == Line{"the learning rate fell"});
  verdict.message = "something else";
  add(rows, verdict);
  CHECK(remarks() == Line{"stem: the learning rate fell", "block: something else"});
}
