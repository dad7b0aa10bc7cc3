#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "opened_sink.hpp"
#include "sinks/tensorboard/curve_parts.hpp"
#include "support/event_records.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

MeasureRow number_of(double samples, std::optional<double> floor = std::nullopt) {
  MeasureRow row;
  row.value = 0.5;
  row.effective_samples = samples;
  row.noise_floor = floor;
  row.features = {8, 8};
  return row;
}

/// The train stream's, whose windows hold so many samples.
SnapshotRows train_snapshot(std::int64_t epoch, double samples) {
  SnapshotRows rows = small_snapshot(epoch, static_cast<std::uint64_t>(epoch), Stream::train);
  rows.measures[0].effective_samples = samples;
  rows.measures[0].noise_floor = 1 - 10 / samples;
  return rows;
}

}  // namespace

TEST_CASE("a curve goes on as long as its numbers are alike") {
  CurveParts parts;
  CHECK(parts.ending_of("a", number_of(1000)).empty());
  CHECK(parts.ending_of("a", number_of(950)).empty());
  CHECK(parts.ending_of("a", number_of(500)) == "~~2");
  CHECK(parts.ending_of("b", number_of(500)).empty());
  MeasureRow row = number_of(500);
  row.modes = {"train", "eval"};
  CHECK(parts.ending_of("a", row) == "~~3");
  row.features = {16, 8};
  CHECK(parts.ending_of("a", row) == "~~4");
  CHECK(parts.ending_of("c", number_of(1e6, 0.5)).empty());
  CHECK(parts.ending_of("c", number_of(2e6, 0.501)).empty());  // of many, more change nothing
}

TEST_CASE("numbers go back to the part that they are alike with") {
  CurveParts parts;
  for (int turn = 0; turn < 10; ++turn) {
    CHECK(parts.ending_of("a", number_of(1000)).empty());
    CHECK(parts.ending_of("a", number_of(500)) == "~~2");
  }
}

TEST_CASE("a row without a number begins no part") {
  CurveParts parts;
  CHECK(parts.ending_of("a", number_of(1000)).empty());
  CHECK(parts.ending_of("a", number_of(500)) == "~~2");
  MeasureRow row;
  CHECK(parts.ending_of("a", row) == "~~2");
  CHECK(parts.ending_of("new", row).empty());
  CHECK(parts.ending_of("new", number_of(500)).empty());
}

TEST_CASE("where windows hold other samples, the train stream's curves go on as other lines") {
  const TemporaryFolder folder;
  const std::filesystem::path train = folder.path() / "tensorboard/train";
  // Of the run's newest file: a file for each life.
  const auto steps_of = [&](const std::string& run) {
    return std::filesystem::exists(train / run) ? steps_in(event_files(train / run).back())
                                                : std::vector<std::uint64_t>{};
  };
  using Steps = std::vector<std::uint64_t>;
  const auto sink = opened_sink(folder.path());
  std::ofstream rows(folder.path() / "rows.jsonl");
  rows << to_json(made_up_run(), "run", 1) << '\n';
  for (const auto& [epoch, samples] : {std::pair(0, 100.0), {1, 101.0}, {2, 50.0}}) {
    const SnapshotRows snapshot = train_snapshot(epoch, samples);
    sink->snapshot(snapshot, {1.0 + epoch, snapshot.step});
    rows << to_json(snapshot.measures[0], "run", 1.0 + epoch) << '\n';
  }
  rows.close();
  for (const std::string run : {"conv1", "noise floor"}) {
    CAPTURE(run);
    CHECK(steps_of(run) == Steps{0, 1});
    CHECK(steps_of(run + "~~2") == Steps{2});
    const auto events = records_of(event_files(train / (run + "~~2"))[0]).events;
    CHECK(count_of(events, "train: 2 made_up_similarity/seed7") == 1);
    CHECK(count_of(events, "floor of made_up_similarity/seed7") == (run == "conv1" ? 1 : 0));
  }
  // Taken up again, a run goes on with the same parts.
  const auto second = opened_sink(
      folder.path(),
      {.is_resumed = true, .epoch = 2, .step = 2, .wall_time = 1700000001, .saved_wall_time = 3});
  second->snapshot(train_snapshot(3, 52), {4, 3});
  second->snapshot(train_snapshot(4, 100), {5, 4});
  for (const std::string run : {"conv1", "noise floor"}) {
    CHECK(steps_of(run) == Steps{4});
    CHECK(steps_of(run + "~~2") == Steps{3});
    CHECK_FALSE(std::filesystem::exists(train / (run + "~~3")));
  }
}
