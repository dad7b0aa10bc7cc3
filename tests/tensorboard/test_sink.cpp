#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "opened_sink.hpp"
#include "support/event_records.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

TEST_CASE("a stream has a folder and a file of its own, what is of none lies in run") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  sink->snapshot(made_up_snapshot(0), {1700000001, 0});
  sink->event({0, "missing", "net/conv1", "it was not fed"}, {1700000002, 0});
  sink->log({0, 0, "loss", 2.5}, {1700000003, 0});
  sink->close();
  for (const char* name : {"probe", "train", "run"}) {
    CAPTURE(name);
    const auto files = event_files(folder.path() / "tensorboard" / name);
    REQUIRE(files.size() == 1);
    const EventRecords records = records_of(files[0]);
    CHECK(records.bytes_left == 0);
    CHECK(records.events[0].find("brain.Event:2") != std::string::npos);
    CHECK(records.events[1].substr(9) == session_start);
    const bool is_run = std::string(name) == "run";
    // All of a snapshot in one event: overhead, the event and the log are three.
    CHECK(records.events.size() == heading_records + (is_run ? 3 : 1));
    const std::string tag = std::string("livecca/") + name + "/pwcca_distance/seed7/conv1";
    CHECK(count_of(records.events, tag) == (is_run ? 0 : 1));
    CHECK(count_of(records.events, "livecca/log/loss") == (is_run ? 1 : 0));
    CHECK(count_of(records.events, "it was not fed") == (is_run ? 1 : 0));
  }
}

TEST_CASE("files are named by ten digits of seconds, and a later one sorts after") {
  const TemporaryFolder folder;
  const std::filesystem::path run = folder.path() / "tensorboard" / "run";
  opened_sink(folder.path());
  const std::string first = event_files(run)[0].filename();
  CHECK(first.starts_with("events.out.tfevents.1700000000."));
  for (const double wall_time : {1700000000.0, 1600000000.0, 1700000000.5}) {
    const std::string newest = event_files(run).back().filename();
    SinkRun resumed;
    resumed.is_resumed = true;
    resumed.wall_time = wall_time;
    opened_sink(folder.path(), resumed);
    CHECK(event_files(run).back().filename().string() > newest);
  }
  CHECK(event_files(run).size() == 4);
}

TEST_CASE("steps only go up: a snapshot of the same or an earlier step takes the next free one") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  double time = 1;
  for (const std::uint64_t step : {10, 10, 10, 11, 20, 15, 30}) {
    sink->snapshot(small_snapshot(1, step), {++time, step});
  }
  CHECK(steps_in(event_files(folder.path() / "tensorboard" / "probe")[0]) ==
        std::vector<std::uint64_t>{10, 11, 12, 13, 20, 21, 30});
}

TEST_CASE("the axis may be the epoch") {
  const TemporaryFolder folder;
  TensorBoardOptions options;
  options.folder = folder.path() / "elsewhere";
  options.axis = TensorBoardAxis::epoch;
  const auto sink = opened_sink(folder.path(), {}, options);
  sink->snapshot(small_snapshot(0, 10), {1, 10});
  sink->snapshot(small_snapshot(3, 20), {2, 20});
  CHECK(steps_in(event_files(folder.path() / "elsewhere" / "probe")[0]) ==
        std::vector<std::uint64_t>{0, 3});
  CHECK_FALSE(std::filesystem::exists(folder.path() / "tensorboard"));
}

TEST_CASE("the final report has one event a kept snapshot, in order, and its charts after all") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  for (std::int64_t i = 0; i < 8; ++i) {
    sink->snapshot(made_up_snapshot(i), {static_cast<double>(i), made_up_step(i)});
  }
  sink->snapshot(made_up_final(8), {9, 70});
  const auto files = event_files(folder.path() / "tensorboard" / "probe");
  REQUIRE(files.size() == 2);
  CHECK(files[1].extension() == ".final");
  // Snapshots 5 and 6 are of the same step; the last is 70.
  CHECK(steps_in(files[1]) == std::vector<std::uint64_t>{0, 10, 20, 30, 40, 50, 51, 71});
  const EventRecords records = records_of(files[1]);
  CHECK(count_of({records.events.back()}, "heatmap/pwcca_distance/final") == 1);
  CHECK(count_of({records.events.back()}, "custom_scalars__config__") == 1);
  CHECK(count_of(records.events, "livecca/probe/pwcca_distance/final/conv1") == 7);
}

TEST_CASE("a sink that is given to another run writes to that run's folder") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path() / "one");
  sink->close();
  sink->open({.name = "two", .folder = folder.path() / "two", .wall_time = 1700000001});
  sink->snapshot(small_snapshot(1, 10), {1700000002, 10});
  CHECK(event_files(folder.path() / "two" / "tensorboard" / "probe").size() == 1);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "one" / "tensorboard" / "probe"));
}

TEST_CASE("a folder that has another run's files is refused and left alone") {
  const TemporaryFolder folder;
  const TensorBoardOptions options{.folder = folder.path() / "logs"};
  opened_sink(folder.path() / "one", {}, options)->snapshot(small_snapshot(1, 10), {1, 10});
  const auto before = text_of(event_files(options.folder / "probe")[0]);
  CHECK(message_of([&] { opened_sink(folder.path() / "two", {}, options); }) ==
        (options.folder / "probe").string() +
            ": expected a folder of this run alone, got event files");
  CHECK(event_files(options.folder / "probe").size() == 1);
  CHECK(text_of(event_files(options.folder / "probe")[0]) == before);
}

TEST_CASE("a relative folder stays where it is when the host changes its working directory") {
  const TemporaryFolder folder;
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::create_directory(folder.path() / "elsewhere");
  std::filesystem::current_path(folder.path());
  const auto sink = tensorboard_sink({.folder = "logs"});
  std::filesystem::current_path(folder.path() / "elsewhere");
  sink->open({.name = "run", .folder = folder.path(), .wall_time = 1700000000});
  std::filesystem::current_path(here);
  CHECK(std::filesystem::exists(folder.path() / "logs" / "run"));
}

TEST_CASE("a picture whose last column is not full comes before the final report, and once") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  for (std::int64_t i = 0; i < 121; ++i) {
    SnapshotRows rows = small_snapshot(i, static_cast<std::uint64_t>(i));
    rows.measures[0].measure = "pwcca_distance";
    rows.measures[0].direction = Direction::distance;
    rows.measures[0].value = 0.5;
    sink->snapshot(rows, {static_cast<double>(i), rows.step});
  }
  const auto pictures = [&] {
    const auto file = event_files(folder.path() / "tensorboard" / "probe")[0];
    return count_of(records_of(file).events, "heatmap/pwcca_distance/seed7");
  };
  CHECK(pictures() == 120);
  sink->snapshot(made_up_final(3), {122, 121});
  CHECK(pictures() == 121);
  sink->close();
  CHECK(pictures() == 121);
}

TEST_CASE("no value, no scalar; and no wall time that is no number") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = small_snapshot(0, 0);
  rows.measures[0].value = std::nullopt;
  rows.measures.push_back(rows.measures[0]);
  rows.measures[1].layer = rows.measures[1].reference_layer = "nan";
  rows.measures[1].value = std::numeric_limits<double>::quiet_NaN();
  rows.measures.push_back(rows.measures[1]);
  rows.measures[2].layer = rows.measures[2].reference_layer = "there";
  rows.measures[2].value = 0.5;
  sink->snapshot(rows, {std::numeric_limits<double>::quiet_NaN(), 0});
  sink->log({0, 0, "loss", std::numeric_limits<double>::infinity()}, {2, 0});
  const EventRecords records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]);
  CHECK(count_of(records.events, "seed7/conv1") == 0);
  CHECK(count_of(records.events, "seed7/nan") == 0);
  CHECK(count_of(records.events, "seed7/there") == 1);
  // The time of the call before: 1700000000 as a float64.
  CHECK(records.events.back().substr(1, 8) == records.events[0].substr(1, 8));
  CHECK(records_of(event_files(folder.path() / "tensorboard" / "run")[0]).events.size() ==
        heading_records);
}

TEST_CASE("beside a drift stands what the windows' sizes alone may make, if that is known") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  sink->snapshot(made_up_snapshot(0), {1, 0});
  SnapshotRows rows = made_up_snapshot(2);
  rows.drifts[0].probe_noise_floor = 0.75;
  rows.drifts[0].train_noise_floor = 0.5;
  sink->snapshot(rows, {2, rows.step});
  const auto records = records_of(event_files(folder.path() / "tensorboard" / "train")[0]).events;
  CHECK(count_of(records, "livecca/train/pwcca_distance_drift/seed7/conv1") == 2);
  CHECK(count_of({records[heading_records]}, "_drift_of_sizes") == 0);
  CHECK(count_of({records[heading_records + 1]},
                 "livecca/train/pwcca_distance_drift_of_sizes/seed7/conv1") == 1);
}

TEST_CASE("layers' own motion is drawn at each snapshot, whatever the run compares with") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  double time = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    SnapshotRows rows = made_up_snapshot(i);
    if (i == 3) {  // now the run compares with before-1 itself
      rows.measures.push_back(made_up_measure(i, Stream::probe, 0, "before-1", "pwcca_distance"));
    }
    sink->snapshot(rows, {++time, made_up_step(i)});
  }
  const auto records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]).events;
  for (std::size_t i = 0; i < 4; ++i) {  // at the first there is nothing before
    CHECK(count_of({records[heading_records + i]}, "heatmap/pwcca_distance/before-1") ==
          (i == 0 ? 0 : 1));
  }
}

TEST_CASE(
    "of a flood of events the table is written at once, with the next snapshot and at the end") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  const auto tables = [&] {
    const auto file = event_files(folder.path() / "tensorboard" / "run").back();
    std::vector<std::string> found;
    for (const std::string& event : records_of(file).events) {
      if (count_of({event}, "livecca/events") > 0) found.push_back(event);
    }
    return found;
  };
  for (int i = 0; i < 100; ++i) {
    sink->event({1, "missing", "net/" + std::to_string(i), "it was not fed"}, {5 + i * 0.001, 10});
  }
  REQUIRE(tables().size() == 1);
  CHECK(count_of(tables(), "net/99") == 0);
  sink->snapshot(small_snapshot(1, 20), {5.2, 20});
  REQUIRE(tables().size() == 2);
  CHECK(count_of({tables().back()}, "net/99") == 1);
  sink->event({1, "missing", "net/late", "it was not fed"}, {5.3, 30});
  CHECK(tables().size() == 2);
  sink->close();
  REQUIRE(tables().size() == 3);
  CHECK(count_of({tables().back()}, "net/late") == 1);
}

TEST_CASE("what was never opened writes nothing when it is closed") {
  const TemporaryFolder folder;
  const auto sink = tensorboard_sink({.folder = folder.path() / "tensorboard"});
  sink->close();
  CHECK(!std::filesystem::exists(folder.path() / "tensorboard"));
}
