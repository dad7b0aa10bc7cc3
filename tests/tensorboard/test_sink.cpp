#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "support/event_records.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

/// session_log { status: START }, which ends an event.
const std::string session_start = "\x3A\x02\x08\x01";

std::shared_ptr<Sink> opened_sink(const std::filesystem::path& folder, SinkRun run = {},
                                  TensorBoardOptions options = {}) {
  auto sink = tensorboard_sink(std::move(options));
  run.name = "run";
  run.folder = folder;
  if (run.wall_time == 0) run.wall_time = 1700000000;
  sink->open(run);
  sink->run(made_up_run(), {});
  return sink;
}

/// One number of one stream.
SnapshotRows small_snapshot(std::int64_t epoch, std::uint64_t step, Stream stream = Stream::probe) {
  SnapshotRows rows;
  rows.epoch = epoch;
  rows.step = step;
  rows.measures.push_back(made_up_measure(0, stream, 0, "seed7", "made_up_similarity"));
  rows.measures[0].epoch = epoch;
  rows.measures[0].step = step;
  return rows;
}

std::vector<std::uint64_t> steps_in(const std::filesystem::path& file) {
  std::vector<std::uint64_t> steps;
  const std::vector<std::string> events = records_of(file).events;
  for (std::size_t i = heading_records; i < events.size(); ++i) steps.push_back(step_of(events[i]));
  return steps;
}

void write_rows(const std::filesystem::path& folder, const std::vector<SnapshotRows>& snapshots) {
  std::ofstream file(folder / "rows.jsonl");
  file << to_json(made_up_run(), "run", 1) << "\nnot a row\n[]\n{\"kind\":7}\n";
  for (const SnapshotRows& rows : snapshots) {
    for (const MeasureRow& row : rows.measures) file << to_json(row, "run", 1) << '\n';
    for (const VerdictRow& row : rows.verdicts) file << to_json(row, "run", 1) << '\n';
  }
  LogRow log;
  log.step = 21;
  log.name = "loss";
  file << to_json(log, "run", 1) << '\n';
  file << to_json(Event{3, "missing", "net/conv1", "it was not fed"}, "run", 1) << '\n';
}

}  // namespace

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

TEST_CASE(
    "a resumed run tells from which step on values come once more, and loses its final report") {
  const TemporaryFolder folder;
  const std::filesystem::path probe = folder.path() / "tensorboard" / "probe";
  {
    const auto sink = opened_sink(folder.path());
    for (const std::uint64_t step : {10, 10, 20, 30}) {
      sink->snapshot(small_snapshot(1, step), {static_cast<double>(step), step});
    }
    sink->snapshot(made_up_final(3), {31, 30});
    CHECK(event_files(probe).size() == 2);
  }
  // Steps beyond the checkpoint's were written since: the monitor does not wait for its sinks.
  write_rows(folder.path(), {small_snapshot(1, 10), small_snapshot(1, 10), small_snapshot(1, 20),
                             small_snapshot(1, 26)});
  SinkRun resumed;
  resumed.is_resumed = true;
  resumed.epoch = 1;
  resumed.step = 25;
  resumed.saved_wall_time = 25;
  const auto sink = opened_sink(folder.path(), resumed);
  const auto files = event_files(probe);
  REQUIRE(files.size() == 2);
  CHECK(files[0].extension() != ".final");
  const EventRecords records = records_of(files[1]);
  REQUIRE(records.events.size() == 2);
  CHECK(step_of(records.events[1]) == 21);
  CHECK(records.events[1].substr(11) == session_start);
  sink->snapshot(small_snapshot(2, 30), {40, 30});
  CHECK(steps_in(files[1]) == std::vector<std::uint64_t>{30});
  sink->event({4, "over_limit", "net/fc", "too large"}, {41, 30});
  const auto of_run = records_of(event_files(folder.path() / "tensorboard" / "run").back());
  CHECK(step_of(of_run.events[1]) == 22);
  // The events so far are shown at once, then together with the new one.
  REQUIRE(of_run.events.size() == heading_records + 2);
  CHECK(count_of(of_run.events, "it was not fed") == 2);
  CHECK(count_of({of_run.events.back()}, "too large") == 1);
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

TEST_CASE("what is later than the checkpoint is cut off, whether it comes once more or not") {
  const TemporaryFolder folder;
  const std::filesystem::path probe = folder.path() / "tensorboard" / "probe";
  const std::filesystem::path of_run = folder.path() / "tensorboard" / "run";
  {
    const auto sink = opened_sink(folder.path(), {.wall_time = 5});
    for (const std::uint64_t step : {10, 20}) {
      sink->snapshot(small_snapshot(1, step), {static_cast<double>(step), step});
    }
    sink->log({1, 20, "loss", 0.5}, {20.5, 20});
    // The checkpoint is written now, at 20.5.
    sink->log({1, 20, "accuracy", 0.5}, {20.75, 20});
    for (const std::uint64_t step : {30, 40}) {
      sink->snapshot(small_snapshot(1, step), {static_cast<double>(step), step});
    }
  }
  write_rows(folder.path(), {small_snapshot(1, 10), small_snapshot(1, 20)});
  const std::string whole = text_of(event_files(probe)[0]);
  SinkRun resumed{.is_resumed = true, .step = 20, .wall_time = 60, .saved_wall_time = 20.5};
  opened_sink(folder.path(), resumed);
  const auto files = event_files(probe);
  REQUIRE(files.size() == 2);
  CHECK(steps_in(files[0]) == std::vector<std::uint64_t>{10, 20});
  CHECK(whole.starts_with(text_of(files[0])));
  const std::vector<std::string> kept = records_of(event_files(of_run)[0]).events;
  CHECK(count_of(kept, "livecca/log/loss") == 1);
  CHECK(count_of(kept, "livecca/log/accuracy") == 0);

  // Torn in a record's middle, or full of zeroes as after a power cut: that goes, too.
  std::filesystem::resize_file(files[0], text_of(files[0]).size() - 3);
  std::ofstream(event_files(of_run)[0], std::ios::app) << std::string(64, '\0');
  resumed.wall_time = 61;
  opened_sink(folder.path(), resumed);
  CHECK(steps_in(files[0]) == std::vector<std::uint64_t>{10});
  CHECK(records_of(files[0]).bytes_left == 0);
  CHECK(records_of(event_files(of_run)[0]).events == kept);

  // A whole life that was taken back keeps nothing but its file's beginning.
  resumed.wall_time = 62;
  resumed.saved_wall_time = 1;
  opened_sink(folder.path(), resumed);
  CHECK(records_of(files[0]).events.size() == heading_records);
}

TEST_CASE("a file that cannot be read is an error that names it") {
  const TemporaryFolder folder;
  const auto place = folder.path() / "tensorboard" / "run" / "events.out.tfevents.0000000001.a.1.0";
  std::filesystem::create_directories(place);  // a folder in its place
  const SinkRun resumed{.is_resumed = true, .wall_time = 60, .saved_wall_time = 20};
  const std::string message = message_of([&] { opened_sink(folder.path(), resumed); });
  CHECK(message.find(place.string() + ": expected to read this file, got: ") == 0);
}

TEST_CASE("a run taken up again draws the pictures of one that was not interrupted") {
  const TemporaryFolder whole;
  const TemporaryFolder parts;
  const auto picture_of = [](const std::filesystem::path& folder) {
    const std::string event =
        records_of(event_files(folder / "tensorboard" / "probe").back()).events.back();
    const std::size_t begin = event.find("\x89PNG");
    REQUIRE(begin != std::string::npos);
    return event.substr(begin, event.find("IEND", begin) - begin);
  };
  const auto sink = opened_sink(whole.path());
  const auto first = opened_sink(parts.path());
  std::vector<SnapshotRows> rows;
  for (std::int64_t i = 0; i < 130; ++i) {
    rows.push_back(small_snapshot(i, made_up_step(i)));
    rows.back().measures[0].measure = "pwcca_distance";
    rows.back().measures[0].value = 1.0 / static_cast<double>(i + 1);
    add_made_up_verdicts(rows.back(), i);
    sink->snapshot(rows.back(), {static_cast<double>(i), made_up_step(i)});
  }
  first->snapshot(rows[0], {0, 0});
  write_rows(parts.path(), {rows.begin(), rows.begin() + 125});
  SinkRun resumed;
  resumed.is_resumed = true;
  resumed.step = made_up_step(124);
  resumed.saved_wall_time = 124;
  const auto second = opened_sink(parts.path(), resumed);
  for (std::int64_t i = 125; i < 130; ++i) {
    second->snapshot(rows[static_cast<std::size_t>(i)], {static_cast<double>(i), made_up_step(i)});
  }
  CHECK(picture_of(whole.path()) == picture_of(parts.path()));
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

TEST_CASE("verdicts are a table a snapshot, with a line a layer in the taps' order") {
  const TemporaryFolder folder;
  const auto sink = opened_sink(folder.path());
  SnapshotRows rows = made_up_snapshot(10);  // conv3 is dead
  std::ranges::reverse(rows.verdicts);
  sink->snapshot(made_up_snapshot(0), {1, 0});
  sink->snapshot(rows, {2, 100});
  const auto records = records_of(event_files(folder.path() / "tensorboard" / "probe")[0]).events;
  CHECK(count_of(records, "livecca/probe/verdicts") == 2);
  const std::string table = records.back().substr(records.back().find("livecca/probe/verdicts"));
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
  end.verdict_records = {all, of_layer};
  sink->snapshot(end, {2, 20});
  const auto files = event_files(folder.path() / "tensorboard" / "probe");
  REQUIRE(files.size() == 2);
  const std::string last = records_of(files[1]).events.back();
  const std::string table = last.substr(last.find("livecca/probe/verdict_record"));
  CHECK(table.find("**all**") < table.find("41 of 43"));
  CHECK(table.find("41 of 43") < table.find("fc"));
  CHECK(table.find("fc") < table.find("11 of 43"));
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
  CHECK(count_of(records.events, "livecca/probe/verdicts") == 3);
  CHECK(count_of({records.events[heading_records + 1]}, "dead: all dead") == 1);
  CHECK(count_of({records.events[heading_records + 2]}, "dead: all dead") == 1);
  CHECK(count_of({records.events[heading_records + 3]}, "nothing is wrong any more") == 1);
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
