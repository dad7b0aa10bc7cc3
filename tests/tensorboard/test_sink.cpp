#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "livecca/monitor/pairing.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "opened_sink.hpp"
#include "support/event_records.hpp"
#include "support/message_of.hpp"
#include "support/open_files_limit.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

/// Of a run's folder that has one file.
EventRecords records_in(const std::filesystem::path& folder, const std::string& run) {
  const auto files = event_files(folder / "tensorboard" / run);
  REQUIRE(files.size() == 1);
  EventRecords records = records_of(files[0]);
  CHECK(records.bytes_left == 0);
  REQUIRE(records.events.size() >= heading_records);
  CHECK(records.events[0].find("brain.Event:2") != std::string::npos);
  CHECK(records.events[1].ends_with(session_start));
  return records;
}

/// All folders that have a file, relative to that of all.
std::set<std::string> runs_in(const std::filesystem::path& folder) {
  std::set<std::string> runs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    runs.insert(entry.path().parent_path().lexically_relative(folder).string());
  }
  return runs;
}

}  // namespace

TEST_CASE("a layer is a run of TensorBoard's: one card a measure and reference has all layers") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  sink->snapshot(made_up_snapshot(0), {1700000001, 0});
  const std::set<std::string> layers{"conv1",      "features/block 2.conv",
                                     "conv3",      "fc",
                                     "fc~head.fc", "odd \"%7E%25\\%0A\xC3\xA9\xEF\xBF\xBD|*[x]<b>",
                                     "noise floor"};
  std::set<std::string> runs{"run", "probe"};  // the train stream has no verdicts, but a picture
  runs.insert("train");
  for (const std::string& layer : layers) {
    runs.insert("probe/" + layer);
    runs.insert("train/" + layer);
  }
  CHECK(runs_in(folder.path() / "tensorboard") == runs);
  for (const std::string& layer : layers) {
    CAPTURE(layer);
    const auto events = records_in(folder.path(), "probe/" + layer).events;
    // All of a snapshot in one event.
    REQUIRE(events.size() == heading_records + 1);
    const bool is_pair = layer == "fc~head.fc";
    const bool is_floor = layer == "noise floor";
    CHECK(count_of(events, "1 pwcca_distance/seed7") == (layer == "fc" ? 0 : 1));
    CHECK(count_of(events, "1 pwcca_distance/start") == (is_pair ? 0 : 1));
    CHECK(count_of(events, "2 made_up_similarity/a%2Fb") == (is_pair || is_floor ? 0 : 1));
    CHECK(count_of(events, "floor of pwcca_distance/start") == (is_pair || is_floor ? 0 : 1));
    CHECK(count_of(events, "health of net/effective_rank") == (is_pair || is_floor ? 0 : 1));
    CHECK(count_of(events, "spectrum/start") == (is_pair || is_floor ? 0 : 1));
    const auto of_train = records_in(folder.path(), "train/" + layer).events;
    CHECK(count_of(of_train, "train: 1 pwcca_distance/start") == (is_pair ? 0 : 1));
  }
}

TEST_CASE("what is of no layer lies beside them: pictures and verdicts, events, logs and costs") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  sink->snapshot(made_up_snapshot(3), {1700000001, 30});
  sink->event({0, "missing", "net/conv1", "it was not fed"}, {1700000002, 0});
  sink->log({0, 0, "loss", 2.5}, {1700000003, 0});
  sink->close();
  const auto of_probe = records_in(folder.path(), "probe").events;
  REQUIRE(of_probe.size() == heading_records + 1);
  for (const char* tag :
       {"1 verdicts", "1 pwcca_distance/seed7/heat map", "1 pwcca_distance/start/heat map",
        "1 pwcca_distance/before-1/heat map"}) {
    CAPTURE(tag);
    CHECK(count_of(of_probe, tag) == 1);
  }
  const auto of_run = records_in(folder.path(), "run").events;
  REQUIRE(of_run.size() == heading_records + 3);
  CHECK(count_of({of_run[heading_records]}, "overhead/share") == 1);
  CHECK(count_of({of_run[heading_records + 1]}, "it was not fed") == 1);
  CHECK(count_of({of_run[heading_records + 2]}, "log/loss") == 1);
}

TEST_CASE("the noise floor's line is the floor that says least of all layers'") {
  const auto event_of = [](Direction direction) {
    const TemporaryFolder folder;
    SnapshotRows rows = small_snapshot(0, 0);
    rows.measures.resize(3, rows.measures[0]);
    for (std::size_t i = 0; i < 3; ++i) {
      rows.measures[i].layer = rows.measures[i].reference_layer = std::to_string(i);
      rows.measures[i].direction = direction;
      rows.measures[i].noise_floor = std::vector{0.5, 0.25, 0.75}[i];
    }
    opened_sink(folder.path())->snapshot(rows, {1, 0});
    return records_in(folder.path(), "probe/noise floor").events.back();
  };
  // As the last field, a float32.
  CHECK(event_of(Direction::distance).ends_with(std::string("\0\0\x80\x3E", 4)));
  CHECK(event_of(Direction::similarity).ends_with(std::string("\0\0\x40\x3F", 4)));
}

TEST_CASE("where all layers are paired with all, cards multiply and folders do not") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  RunRow row = made_up_run();
  row.pairing = Pairing::all().text();
  sink->run(row, {1, 0});
  sink->snapshot(made_up_snapshot(1), {2, 10});
  CHECK_FALSE(std::filesystem::exists(folder.path() / "tensorboard/probe/fc~head.fc"));
  const auto events = records_in(folder.path(), "probe/fc").events;
  CHECK(count_of(events, "1 pwcca_distance/seed7~head.fc") == 1);
  CHECK(count_of(events, "1 pwcca_distance/start") == 1);
  CHECK(count_of(events, "spectrum/seed7~head.fc") == 1);
}

TEST_CASE("measures keep their numbers when a run is taken up again with others") {
  const TemporaryFolder folder;
  RunRow row = made_up_run();
  opened_sink(folder.path())->snapshot(small_snapshot(0, 0), {1, 0});
  std::ofstream(folder.path() / "rows.jsonl") << to_json(row, "run", 1) << '\n';
  const auto sink = opened_sink(
      folder.path(), {.is_resumed = true, .wall_time = 1700000001, .saved_wall_time = 2});
  row.measures = {"linear_cka", "made_up", "pwcca"};
  sink->run(row, {3, 0});
  SnapshotRows rows = small_snapshot(1, 10);
  rows.measures.push_back(rows.measures[0]);
  rows.measures[1].measure = "linear_cka_similarity";
  sink->snapshot(rows, {4, 10});
  const auto events =
      records_of(event_files(folder.path() / "tensorboard/probe/conv1").back()).events;
  CHECK(count_of(events, "2 made_up_similarity/seed7") == 1);
  CHECK(count_of(events, "3 linear_cka_similarity/seed7") == 1);
}

TEST_CASE("of 1,500 layers no file stays open between calls") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = small_snapshot(0, 0);
  rows.measures.resize(1500, rows.measures[0]);
  for (std::size_t i = 0; i < rows.measures.size(); ++i) {
    rows.measures[i].layer = rows.measures[i].reference_layer = "layer" + std::to_string(i);
  }
  const OpenFilesLimit limit(64);  // of all of this process
  sink->snapshot(rows, {1, 0});
  rows.step = 10;
  sink->snapshot(rows, {2, 10});
  sink->close();
  for (const char* layer : {"layer0", "layer1499"}) {
    const auto files = event_files(folder.path() / "tensorboard" / "probe" / layer);
    REQUIRE(files.size() == 1);
    CHECK(steps_in(files[0]) == std::vector<std::uint64_t>{0, 10});
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
  CHECK(steps_in(event_files(folder.path() / "tensorboard/probe/conv1")[0]) ==
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
  CHECK(steps_in(event_files(folder.path() / "elsewhere/probe/conv1")[0]) ==
        std::vector<std::uint64_t>{0, 3});
  CHECK_FALSE(std::filesystem::exists(folder.path() / "tensorboard"));
}

TEST_CASE("the final report has one event a kept snapshot, in order, and the picture after all") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  for (std::int64_t i = 0; i < 8; ++i) {
    sink->snapshot(made_up_snapshot(i), {static_cast<double>(i), made_up_step(i)});
  }
  sink->snapshot(made_up_final(8), {9, 70});
  const auto files = event_files(folder.path() / "tensorboard/probe/conv1");
  REQUIRE(files.size() == 2);
  CHECK(files[1].extension() == ".final");
  // Snapshots 5 and 6 are of the same step; the last is 70.
  CHECK(steps_in(files[1]) == std::vector<std::uint64_t>{0, 10, 20, 30, 40, 50, 51});
  CHECK(count_of(records_of(files[1]).events, "1 pwcca_distance/final") == 7);
  const auto of_all = event_files(folder.path() / "tensorboard/probe");
  REQUIRE(of_all.size() == 2);
  CHECK(of_all[1].extension() == ".final");
  CHECK(steps_in(of_all[1]) == std::vector<std::uint64_t>{71});
  CHECK(count_of(records_of(of_all[1]).events, "1 pwcca_distance/final/heat map") == 1);
}

TEST_CASE("a sink that is given to another run writes to that run's folder") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path() / "one");
  sink->close();
  sink->open({.name = "two", .folder = folder.path() / "two", .wall_time = 1700000001});
  sink->snapshot(small_snapshot(1, 10), {1700000002, 10});
  CHECK(event_files(folder.path() / "two" / "tensorboard/probe/conv1").size() == 1);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "one" / "tensorboard" / "probe"));
}

TEST_CASE("a folder that has another run's files is refused and left alone") {
  const TemporaryFolder folder;
  const TensorBoardOptions options{.folder = folder.path() / "logs"};
  opened_sink(folder.path() / "one", {}, options)->snapshot(small_snapshot(1, 10), {1, 10});
  const auto file_of = [&] { return event_files(options.folder / "probe/conv1").back(); };
  const std::string before = text_of(file_of());
  CHECK(message_of([&] { opened_sink(folder.path() / "two", {}, options); }) ==
        (options.folder / "probe").string() +
            ": expected a folder of this run alone, got event files");
  CHECK(event_files(options.folder / "probe/conv1").size() == 1);
  CHECK(text_of(file_of()) == before);
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
    return count_of(records_of(file).events, "1 pwcca_distance/seed7/heat map");
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
  CHECK(runs_in(folder.path() / "tensorboard") == std::set<std::string>{"run", "probe/there"});
  const EventRecords records = records_in(folder.path(), "probe/there");
  CHECK(records.events.size() == heading_records + 1);
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
  const auto records = records_in(folder.path(), "train/conv1").events;
  CHECK(count_of(records, "train: drift of pwcca_distance/seed7") == 2);
  CHECK(count_of({records[heading_records]}, ", by sizes") == 0);
  CHECK(count_of({records[heading_records + 1]},
                 "train: drift of pwcca_distance, by sizes/seed7") == 1);
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
    CHECK(count_of({records[heading_records + i]}, "1 pwcca_distance/before-1/heat map") ==
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
      if (count_of({event}, "3 events") > 0) found.push_back(event);
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
