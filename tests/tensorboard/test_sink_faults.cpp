#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "livecca/sinks/tensorboard.hpp"
#include "made_up_rows.hpp"
#include "support/event_records.hpp"
#include "support/file_size_limit.hpp"
#include "support/file_text.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

std::shared_ptr<Sink> sink_at(const std::filesystem::path& folder) {
  auto sink = tensorboard_sink();
  sink->open({.name = "run", .folder = folder, .wall_time = 1700000000});
  sink->run(made_up_run(), {});
  return sink;
}

std::filesystem::path only_file(const std::filesystem::path& folder, const std::string& run) {
  const auto files = event_files(folder / "tensorboard" / run);
  REQUIRE(files.size() == 1);
  return files[0];
}

}  // namespace

TEST_CASE("a full disk throws, cuts what was written in part, and costs nothing once it has room") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  sink->snapshot(made_up_snapshot(1), {1, 10});
  const auto file = only_file(folder.path(), "probe");
  const auto size = std::filesystem::file_size(file);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const FileSizeLimit limit(size + 100);
    const std::string message = message_of([&] { sink->snapshot(made_up_snapshot(3), {2, 30}); });
    CHECK(message.find(file.string()) == 0);
    CHECK(message.find("expected to append a record") != std::string::npos);
    CHECK(std::filesystem::file_size(file) == size);
  }
  sink->snapshot(made_up_snapshot(3), {2, 30});
  sink->snapshot(made_up_snapshot(5), {3, 50});
  const EventRecords records = records_of(file);
  CHECK(records.bytes_left == 0);
  REQUIRE(records.events.size() == heading_records + 3);
  CHECK(step_of(records.events[heading_records + 1]) == 30);
  CHECK(step_of(records.events[heading_records + 2]) == 50);
}

TEST_CASE("a call that one stream's file took is not written there twice") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  SnapshotRows train;
  add_made_up_stream(train, 1, Stream::train);
  for (int i = 1; i < 4; ++i) {
    train.step = static_cast<std::uint64_t>(i);
    sink->snapshot(train, {static_cast<double>(i), train.step});
  }
  const auto size = std::filesystem::file_size(only_file(folder.path(), "train"));
  SnapshotRows both = train;
  both.step = 8;
  both.measures.push_back(made_up_measure(8, Stream::probe, 0, "seed7", "made_up_similarity"));
  {
    const FileSizeLimit limit(size + 10);
    CHECK(message_of([&] { sink->snapshot(both, {5, 8}); }).find("/train/") != std::string::npos);
    CHECK(records_of(only_file(folder.path(), "probe/conv1")).events.size() == heading_records + 1);
    CHECK(message_of([&] { sink->snapshot(both, {5, 8}); }) != "");
  }
  sink->snapshot(both, {5, 8});
  CHECK(records_of(only_file(folder.path(), "probe/conv1")).events.size() == heading_records + 1);
  const EventRecords records = records_of(only_file(folder.path(), "train"));
  CHECK(records.events.size() == heading_records + 4);
  CHECK(step_of(records.events.back()) == 8);
}

TEST_CASE("a layer whose folder cannot be made costs the others nothing, and itself only time") {
  const TemporaryFolder folder;
  const std::filesystem::path in_the_way = folder.path() / "tensorboard/probe/conv3";
  std::filesystem::create_directories(in_the_way.parent_path());
  const auto sink = sink_at(folder.path());
  write_text(in_the_way, "a file");
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::string message = message_of([&] { sink->snapshot(made_up_snapshot(1), {1, 10}); });
    CHECK(message.find(in_the_way.string() + ": expected to make this folder") == 0);
  }
  std::filesystem::remove(in_the_way);
  sink->snapshot(made_up_snapshot(1), {1, 10});
  sink->snapshot(made_up_snapshot(3), {2, 30});
  for (const char* run : {"probe", "probe/conv1", "probe/conv3", "probe/fc", "probe/noise floor"}) {
    CAPTURE(run);
    const EventRecords records = records_of(only_file(folder.path(), run));
    REQUIRE(records.events.size() == heading_records + 2);
    CHECK(step_of(records.events[heading_records]) == 10);
    CHECK(step_of(records.events[heading_records + 1]) == 30);
  }
}

TEST_CASE("a layer's part of the final report is written whole or not at all, and once") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  sink->snapshot(made_up_snapshot(1), {1, 10});
  const auto conv1 = folder.path() / "tensorboard/probe/conv1";
  SnapshotRows rows = made_up_final(30);
  rows.measures.resize(29);                                          // conv1's
  for (auto& row : rows.measures) row.measure = "made_up_distance";  // no picture
  {
    const FileSizeLimit limit(1000);  // less than its events have
    CHECK(message_of([&] { sink->snapshot(rows, {2, 300}); }).find(conv1.string()) == 0);
    CHECK(records_of(event_files(conv1).back()).events.size() == heading_records);
  }
  sink->snapshot(rows, {2, 300});
  const auto files = event_files(conv1);
  REQUIRE(files.size() == 2);
  CHECK(files[1].extension() == ".final");
  CHECK(records_of(files[1]).events.size() == heading_records + 29);
  CHECK(records_of(files[1]).bytes_left == 0);
}

TEST_CASE("another call after one that failed and was given up writes both") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  {
    const FileSizeLimit limit(30);
    CHECK(message_of([&] { sink->log({0, 0, "loss", 1}, {1, 1}); }) != "");
    CHECK(message_of([&] { sink->log({0, 0, "loss", 2}, {2, 2}); }) != "");
  }
  sink->log({0, 0, "loss", 2}, {2, 2});
  sink->close();
  const EventRecords records = records_of(only_file(folder.path(), "run"));
  CHECK(count_of(records.events, "log/loss") == 2);
}

TEST_CASE("a folder that cannot be made is named, and opening again works once it can") {
  const TemporaryFolder folder;
  write_text(folder.path() / "tensorboard", "in the way");
  const auto sink = tensorboard_sink();
  const SinkRun run{.name = "run", .folder = folder.path(), .wall_time = 1};
  const std::string message = message_of([&] { sink->open(run); });
  CHECK(message.find((folder.path() / "tensorboard" / "run").string() +
                     ": expected to make this folder, got: ") == 0);
  std::filesystem::remove(folder.path() / "tensorboard");
  sink->open(run);
  sink->log({0, 0, "loss", 1}, {1, 1});
  CHECK(records_of(only_file(folder.path(), "run")).events.size() == heading_records + 1);
}

TEST_CASE("opening on a full disk throws and may be done again") {
  const TemporaryFolder folder;
  const auto sink = tensorboard_sink();
  const SinkRun run{.name = "run", .folder = folder.path(), .wall_time = 1};
  {
    const FileSizeLimit limit(20);
    CHECK(message_of([&] { sink->open(run); }).find("append a record") != std::string::npos);
  }
  sink->open(run);
  const EventRecords records = records_of(only_file(folder.path(), "run"));
  CHECK(records.events.size() == heading_records);
  CHECK(records.bytes_left == 0);
}

TEST_CASE("a file that was removed is begun anew, under a later name") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  sink->snapshot(made_up_snapshot(1), {1, 10});
  const auto removed = only_file(folder.path(), "probe");
  std::filesystem::remove_all(folder.path() / "tensorboard");
  sink->snapshot(made_up_snapshot(3), {2, 30});
  const auto file = only_file(folder.path(), "probe");
  CHECK(file > removed);
  const EventRecords records = records_of(file);
  REQUIRE(records.events.size() == heading_records + 1);
  CHECK(records.events[0].find("brain.Event:2") != std::string::npos);
  CHECK(step_of(records.events.back()) == 30);
}

TEST_CASE("a file that was renamed, or removed but for another link, is begun anew") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  sink->snapshot(made_up_snapshot(1), {1, 10});
  const auto first = only_file(folder.path(), "probe");
  std::filesystem::rename(first, folder.path() / "renamed");
  sink->snapshot(made_up_snapshot(3), {2, 30});
  const auto second = only_file(folder.path(), "probe");
  CHECK(step_of(records_of(second).events.back()) == 30);
  std::filesystem::create_hard_link(second, folder.path() / "link");
  std::filesystem::remove(second);
  sink->snapshot(made_up_snapshot(5), {3, 50});
  const auto third = only_file(folder.path(), "probe");
  CHECK(third > second);
  CHECK(step_of(records_of(third).events.back()) == 50);
}

TEST_CASE("a damaged record costs none of those behind it when a run is taken up again") {
  const TemporaryFolder folder;
  {
    const auto sink = sink_at(folder.path());
    for (int i = 1; i < 5; ++i) {
      sink->log({i, static_cast<std::uint64_t>(i), "loss", 1}, {1.0 * i, std::uint64_t{9}});
    }
  }
  const auto file = only_file(folder.path(), "run");
  const std::string whole = text_of(file);
  for (const std::size_t place : {whole.size() / 2, std::size_t{9}}) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 1);
    write_text(file, damaged);
    const auto sink = tensorboard_sink();
    sink->open({.name = "run",
                .folder = folder.path(),
                .is_resumed = true,
                .step = 9,
                .wall_time = 1700000009,
                .saved_wall_time = 3});
    CHECK(text_of(file) == damaged);
  }
}

TEST_CASE("no file is open between calls, for programs that this one starts to have") {
  const TemporaryFolder folder;
  const auto sink = sink_at(folder.path());
  sink->snapshot(made_up_snapshot(1), {1, 10});
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string path = std::filesystem::read_symlink(entry.path(), gone).string();
    CHECK_FALSE(path.starts_with(folder.path().string()));
  }
}
