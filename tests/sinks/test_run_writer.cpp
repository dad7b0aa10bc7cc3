#include "sinks/run_writer.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
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
