// A start whose file cannot be read for a while is never replaced by a later snapshot.

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "monitor/history/history.hpp"
#include "monitor/scripted_training.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::files_in;
using livecca_tests::read_lines;
using livecca_tests::ScriptedTraining;
using livecca_tests::TemporaryFolder;

namespace {

double start_distance(const SnapshotReport& report) {
  const MeasureRow* row = report.find({"a", "start", "pwcca_distance"});
  REQUIRE(row != nullptr);
  REQUIRE(row->value);
  return *row->value;
}

SnapshotReport probe(Monitor& monitor, ScriptedTraining& training, int step) {
  training.probe_batch(step, 0);
  training.probe_batch(step, 1);
  return monitor.snapshot(step).wait();
}

void expect_missing(const SnapshotReport& report) {
  for (const char* layer : {"a", "b"}) {
    const MeasureRow* row = report.find({layer, "start", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK_FALSE(row->value);
    CHECK(row->status == Status::missing);
  }
}

}  // namespace

TEST_CASE("a start that cannot be read is missing until it can, and no later snapshot stands in") {
  const TemporaryFolder folder;
  const MonitorOptions options = ScriptedTraining::options_in(folder.path() / "resumed");
  const auto start = options.run_directory / "history" / "snapshot-0000.safetensors";
  const auto elsewhere = folder.path() / "elsewhere";
  double expected = 0;
  {
    Monitor monitor(options);
    ScriptedTraining training(monitor);
    training.play(0, 8);
    REQUIRE(monitor.save(folder.path() / "first"));
    expected = start_distance(probe(monitor, training, 12));
  }
  std::filesystem::rename(start, elsewhere);
  {
    Monitor monitor(options, folder.path() / "first");
    ScriptedTraining training(monitor);
    expect_missing(probe(monitor, training, 9));
    REQUIRE(monitor.save(folder.path() / "second"));
  }
  {
    Monitor monitor(options, folder.path() / "second");
    ScriptedTraining training(monitor);
    expect_missing(probe(monitor, training, 10));
    std::filesystem::rename(elsewhere, start);
    CHECK(start_distance(probe(monitor, training, 12)) == expected);
  }
  std::uint64_t told = 0;
  for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
    if (line["kind"] != "event" || line.value("subject", "") != "start") continue;
    CHECK(line["what"] == "missing");
    CHECK(line["message"].get<std::string>().find(start.string()) == 0);
    told = line["count"].get<std::uint64_t>();
  }
  CHECK(told == 4);  // at each resume, and at each snapshot without it
}

TEST_CASE("a restored history removes what came after it only when it is told to") {
  const TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path();
  const auto directory = folder.path() / "history";
  std::filesystem::create_directories(directory);
  for (const char* name : {"snapshot-0000.safetensors", "snapshot-0001.safetensors"}) {
    std::ofstream(directory / name) << "kept";
  }
  History history(options, [](const Event&) {});
  history.restore({{"snapshots", 1},
                   {"waiting", nlohmann::json::array()},
                   {"kept", {{{"number", 0}, {"epoch", 0}, {"bytes", 4}}}},
                   {"start", nlohmann::json::object()}});
  CHECK(files_in(directory).size() == 2);
  CHECK_FALSE(history.remove_later());
  CHECK(files_in(directory) == std::vector<std::string>{"snapshot-0000.safetensors"});
}
