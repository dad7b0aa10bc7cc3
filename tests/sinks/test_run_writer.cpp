#include "sinks/run_writer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;

namespace {

/// The counts of all rows of an event.
std::vector<std::uint64_t> written_counts(const std::filesystem::path& folder) {
  std::vector<std::uint64_t> counts;
  for (const auto& line : read_lines(folder / "rows.jsonl")) {
    if (line["kind"] == "event") counts.push_back(line["count"].get<std::uint64_t>());
  }
  return counts;
}

const Event missing{.epoch = 1, .what = "missing", .subject = "net/fc", .message = "none"};

}  // namespace

TEST_CASE("what rows have of an event is known after a resume: none, some or all of its count") {
  for (const std::uint64_t written : {0U, 1U, 3U}) {
    CAPTURE(written);
    const TemporaryFolder folder;
    RunWriter writer(folder.path(), "run", {}, true);
    Event event = missing;
    event.count = 3;
    writer.restore({{event, written}}, 0);
    writer.report(missing);
    using Counts = std::vector<std::uint64_t>;
    // The first row is written at once; later ones when counts are.
    CHECK(written_counts(folder.path()) == (written == 0 ? Counts{4} : Counts{}));
    writer.write_event_counts();
    CHECK(written_counts(folder.path()) == Counts{4});
  }
}

TEST_CASE("an event with another reason is written and told, and all are counted together") {
  const TemporaryFolder folder;
  std::vector<std::string> told;
  RunWriter writer(folder.path(), "run",
                   {[&](const Event& event) { told.push_back(event.message); }, {}}, true);
  const auto report = [&](std::int64_t epoch, const char* message) {
    writer.report(
        {.epoch = epoch, .what = "step_discarded", .subject = "probe", .message = message});
  };
  report(1, "batch 3 of 8 failed");
  report(2, "batch 12 of 8 failed");  // the same reason, with other numbers
  report(3, "no memory");
  report(4, "batch 3 of 8 failed");
  report(5, "no memory");
  CHECK(told == std::vector<std::string>{"batch 3 of 8 failed", "no memory"});
  writer.write_event_counts();
  CHECK(written_counts(folder.path()) == std::vector<std::uint64_t>{1, 3, 5});
  const auto rows = read_lines(folder.path() / "rows.jsonl");
  CHECK(rows[1]["message"] == "no memory");
  CHECK(rows[1]["epoch"] == 3);

  // A writer that goes on from here knows what was told.
  const auto events = writer.sync()->events;
  const TemporaryFolder later;
  RunWriter resumed(later.path(), "run", {}, true);
  resumed.restore(events, 0);
  resumed.report(
      {.epoch = 6, .what = "step_discarded", .subject = "probe", .message = "batch 1 of 8 failed"});
  CHECK(written_counts(later.path()).empty());
}

TEST_CASE("reasons that never end are counted") {
  const TemporaryFolder folder;
  RunWriter writer(folder.path(), "run", {}, true);
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    Event event = missing;
    event.message = letter;
    writer.report(event);
  }
  CHECK(written_counts(folder.path()).size() == 8);
  writer.write_event_counts();
  CHECK(written_counts(folder.path()).back() == 26);
}

TEST_CASE("the extent leaves out what belongs to the end of the run, with its events") {
  const TemporaryFolder folder;
  RunWriter writer(folder.path(), "run", {}, true);
  writer.report(missing);
  writer.report(missing);
  writer.begin_end();
  const auto size = std::filesystem::file_size(folder.path() / "rows.jsonl");
  writer.write(LogRow{2, 0, "end", 1});
  writer.report({.epoch = 2, .what = "missing", .subject = "final", .message = "none"});
  writer.write_event_counts();
  writer.finish({.epoch = 2, .what = "finished", .subject = "run", .message = "ended"});
  const auto extent = writer.sync();
  REQUIRE(extent);
  CHECK(extent->size == size);
  REQUIRE(extent->events.size() == 1);
  CHECK(extent->events[0].event.subject == "net/fc");
  CHECK(extent->events[0].event.count == 2);
  CHECK(extent->events[0].written == 1);
}
