#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "opened_sink.hpp"
#include "sinks/tensorboard/event_file.hpp"
#include "sinks/tensorboard/event_messages.hpp"
#include "sinks/tensorboard/run_names.hpp"
#include "support/event_records.hpp"
#include "support/file_text.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

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

TEST_CASE(
    "a resumed run tells from which step on values come once more, and loses its final report") {
  const TemporaryFolder folder;
  const std::filesystem::path probe = folder.path() / "tensorboard/probe/conv1";
  {
    const auto sink = opened_sink(folder.path());
    for (const std::uint64_t step : {10, 10, 20, 30}) {
      sink->snapshot(small_snapshot(1, step), {static_cast<double>(step), step});
    }
    sink->snapshot(made_up_final(3), {31, 30});
    CHECK(event_files(probe).size() == 2);
    CHECK(event_files(probe.parent_path()).size() == 1);  // the picture of the end
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
  CHECK(event_files(probe.parent_path()).empty());
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

TEST_CASE("what is later than the checkpoint is cut off, whether it comes once more or not") {
  const TemporaryFolder folder;
  const std::filesystem::path probe = folder.path() / "tensorboard/probe/conv1";
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
  CHECK(count_of(kept, "log/loss") == 1);
  CHECK(count_of(kept, "log/accuracy") == 0);

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

TEST_CASE("layers that came after the checkpoint lose what they had, whatever their names") {
  const TemporaryFolder folder;
  const std::vector<std::string> layers{"new", "../new", "a/b", "a/b/c", std::string(300, 'x')};
  const auto file_of = [&](const std::string& layer) {
    return event_files(folder.path() / "tensorboard/probe" / layer_run(layer, layer))[0];
  };
  {
    const auto sink = opened_sink(folder.path());
    sink->snapshot(small_snapshot(1, 10), {10, 10});
    // The checkpoint is written now.
    SnapshotRows rows = small_snapshot(2, 20);
    for (const std::string& layer : layers) {
      rows.measures.push_back(rows.measures[0]);
      rows.measures.back().layer = rows.measures.back().reference_layer = layer;
    }
    sink->snapshot(rows, {20, 20});
    for (const std::string& layer : layers) CHECK(steps_in(file_of(layer)).size() == 1);
  }
  write_rows(folder.path(), {small_snapshot(1, 10)});
  opened_sink(folder.path(),
              {.is_resumed = true, .step = 10, .wall_time = 60, .saved_wall_time = 10});
  for (const std::string& layer : layers) {
    CAPTURE(layer);
    CHECK(steps_in(file_of(layer)).empty());
    // A page that is open is told so by a new file.
    const auto files = event_files(file_of(layer).parent_path());
    REQUIRE(files.size() == 2);
    CHECK(step_of(records_of(files[1]).events[1]) == 11);
  }
  CHECK(steps_in(file_of("conv1")) == std::vector<std::uint64_t>{10});
}

TEST_CASE("a run with files of the former layout goes on in folders of layers, and they stay") {
  const TemporaryFolder folder;
  const std::filesystem::path probe = folder.path() / "tensorboard/probe";
  std::filesystem::create_directories(probe);
  const auto event_at = [](double wall_time, std::int64_t step) {
    SummaryMessage summary;
    summary.scalar("livecca/probe/made_up_similarity/seed7/conv1", 0.5);
    return framed_record(summary_event(wall_time, step, summary));
  };
  const std::string kept = framed_record(file_version_event(5)) +
                           framed_record(session_start_event(5, 0)) + event_at(10, 10);
  const std::filesystem::path former = probe / "events.out.tfevents.0000000005.a.1.0";
  write_text(former, kept + event_at(20, 20));
  write_text(former.string() + ".final", kept);
  write_rows(folder.path(), {small_snapshot(1, 10)});
  const auto sink = opened_sink(
      folder.path(), {.is_resumed = true, .step = 10, .wall_time = 60, .saved_wall_time = 15});
  sink->snapshot(small_snapshot(2, 20), {61, 20});
  CHECK(text_of(former) == kept);
  CHECK_FALSE(std::filesystem::exists(former.string() + ".final"));
  CHECK(steps_in(event_files(probe / "conv1")[0]) == std::vector<std::uint64_t>{20});
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
