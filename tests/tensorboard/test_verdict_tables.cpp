#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "made_up_rows.hpp"
#include "opened_sink.hpp"
#include "support/event_records.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

TEST_CASE("verdicts are a table a snapshot, with a line a layer in the taps' order") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = made_up_snapshot(10);  // conv3 is dead
  std::ranges::reverse(rows.verdicts);
  sink->snapshot(made_up_snapshot(0), {1, 0});
  sink->snapshot(rows, {2, 100});
  const auto records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]).events;
  CHECK(count_of(records, "1 verdicts") == 2);
  const std::string table = records.back().substr(records.back().find("1 verdicts"));
  std::size_t at = 0;
  const auto follows = [&](const std::string& text) {
    at = table.find(text, at);
    return at != std::string::npos;
  };
  // Layers settle at 6, 8, 10, 12 and 14. Distances are 0.05 + exp(-10 / (3 + 4 · layer)).
  // First the heading.
  for (const std::string cell : {"layer",
                                 "verdict",
                                 "moves an epoch",
                                 "yet to go",
                                 "to start",
                                 "alarms, remarks",
                                 "conv1",
                                 "**settled** since 6",
                                 "0.050",
                                 "0.100 to 0.400",
                                 "leaving, 0.086",
                                 "features/block 2.conv",
                                 "**settled** since 8",
                                 "leaving, 0.290",
                                 "conv3",
                                 "**settled** since 10",
                                 "dead: conv3: all neurons are constant",
                                 "fc",
                                 "moving",
                                 "leaving, 0.563",
                                 "odd",
                                 "moving"}) {
    CAPTURE(cell);
    CHECK(follows(cell));
  }
  CHECK(count_of({records[heading_records]}, "undecided") > 0);
  CHECK(count_of({records[heading_records]}, "**settled**") == 0);
}

TEST_CASE("verdicts say when a layer is expected to settle, and what there is to remark") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = small_snapshot(0, 0);
  VerdictRow verdict;
  verdict.layer = "conv1";
  verdict.verdict = "moving";
  verdict.settling_epoch_low = 13.75;
  verdict.settling_epoch_high = 17.25;
  verdict.message = "the learning rate fell";
  rows.verdicts.push_back(verdict);
  sink->snapshot(rows, {1, 0});
  const auto records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]).events;
  CHECK(count_of(records, "moving, settles at 13 to 18") == 1);
  CHECK(count_of(records, "the learning rate fell") == 1);
}

TEST_CASE(
    "distances that say no more than chance are marked, and the heading says what that means") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = small_snapshot(0, 0);
  MeasureRow& number = rows.measures[0];
  number.measure = "pwcca_distance";
  number.direction = Direction::distance;
  number.value = 0.5;
  DirectionRow direction;
  direction.layer = direction.reference_layer = number.layer;
  direction.reference = number.reference;
  direction.measure = number.measure;
  direction.direction = "keeping";
  rows.directions.push_back(direction);
  const std::string meaning = "~ no nearer than unrelated data of this size";
  const auto last = [&] {
    return records_of(event_files(folder.path() / "tensorboard" / "probe")[0]).events.back();
  };
  sink->snapshot(rows, {1, 0});
  CHECK(count_of({last()}, "keeping, 0.500~") == 0);
  CHECK(count_of({last()}, meaning) == 0);
  number.p_value = 0.25;  // though it is below the floor
  number.noise_floor = 0.75;
  sink->snapshot(rows, {2, 0});
  CHECK(count_of({last()}, "keeping, 0.500~") == 1);
  CHECK(count_of({last()}, meaning) == 1);
}

TEST_CASE("at the end, a table says how often verdicts came true") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  sink->snapshot(made_up_snapshot(0), {1, 0});
  SnapshotRows end = made_up_final(3);
  VerdictRecordRow all;
  all.settled = 43;
  all.held = 41;
  all.early = 2;
  VerdictRecordRow of_layer = all;
  of_layer.layer = "fc";
  of_layer.held = 11;
  VerdictRecordRow of_first = of_layer;
  of_first.layer = "conv3";
  of_first.held = 7;
  VerdictRecordRow of_unknown = of_layer;
  of_unknown.layer = "another";
  of_unknown.held = 3;
  end.verdict_records = {all, of_unknown, of_layer, of_first};
  sink->snapshot(end, {2, 20});
  const auto files = event_files(folder.path() / "tensorboard" / "probe");
  REQUIRE(files.size() == 2);
  const std::string last = records_of(files[1]).events.back();
  const std::string table = last.substr(last.find("2 verdict record"));
  std::size_t place = 0;  // layers in the network's order
  for (const char* cell :
       {"**all**", "41 of 43", "conv3", "7 of 43", "fc", "11 of 43", "another", "3 of 43"}) {
    CAPTURE(cell);
    place = table.find(cell, place);
    REQUIRE(place != std::string::npos);
  }
}

TEST_CASE("a stream that has alarms only is told when they are over") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  double time = 0;
  for (const char* message : {"", "all dead", "all dead", "", ""}) {
    SnapshotRows rows = small_snapshot(0, static_cast<std::uint64_t>(time));
    if (*message != '\0') {
      VerdictRow verdict;
      verdict.layer = "conv1";
      verdict.verdict = "dead";
      verdict.message = message;
      rows.verdicts.push_back(verdict);
    }
    sink->snapshot(rows, {++time, rows.step});
  }
  const EventRecords records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]);
  CHECK(count_of(records.events, "1 verdicts") == 3);
  REQUIRE(records.events.size() == heading_records + 3);
  CHECK(count_of({records.events[heading_records]}, "dead: all dead") == 1);
  CHECK(count_of({records.events[heading_records + 1]}, "dead: all dead") == 1);
  CHECK(count_of({records.events[heading_records + 2]}, "nothing is wrong any more") == 1);
}
