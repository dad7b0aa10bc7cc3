#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <variant>

#include "livecca/common/error.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "support/file_size_limit.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using Json = nlohmann::json;
using livecca_tests::TemporaryFolder;

TEST_CASE("a measure line has every field, and null where there is no value") {
  MeasureRow row;
  row.epoch = 3;
  row.layer = "conv1";
  row.reference = "seed7";
  row.reference_layer = "conv1";
  row.measure = "pwcca_distance";
  row.value = 0.31;
  row.noise_floor = 0.87;
  row.p_value = 0.02;
  row.samples_needed = 4100;
  row.samples = 32000;
  row.effective_samples = 2000;
  row.independent_samples = 9000.5;
  row.features = {64, 64};
  row.features_of_taps = {64, 4096};
  row.ranks = {64, 61};
  row.window = "probe";
  row.precision = "exact";
  row.status = Status::rank_deficient;
  const Json line = livecca_tests::parsed(to_json(row, "run", 12.5));
  const Json expected =
      livecca_tests::parsed(R"({"schema":1,"kind":"measure","run":"run","epoch":3,"step":0,
    "wall_time":12.5,"stream":"probe","layer":"conv1","reference":"seed7",
    "reference_kind":"network","reference_layer":"conv1",
    "measure":"pwcca_distance","value":0.31,"noise_floor":0.87,"standard_error":null,
    "p_value":0.02,"samples_needed":4100,"samples":32000,"effective_samples":2000,"independent_samples":9000.5,
    "samples_left_out":0,"features":[64,64],
    "features_of_taps":[64,4096],"ranks":[64,61],"window":"probe","precision":"exact",
    "modes":["eval","eval"],"status":"rank_deficient"})");
  CHECK(line == expected);
  row.value = std::nan("");
  row.noise_floor.reset();
  row.p_value.reset();
  row.samples_needed.reset();
  row.standard_error = 0.25;
  row.effective_samples = 1443.25;
  const Json empty = livecca_tests::parsed(to_json(row, "run", 12.5));
  CHECK(empty["value"].is_null());
  CHECK(empty["noise_floor"].is_null());
  CHECK(empty["p_value"].is_null());
  CHECK(empty["samples_needed"].is_null());
  CHECK(empty["standard_error"] == 0.25);
  CHECK(empty["effective_samples"] == 1443.25);
}

TEST_CASE("names with quotes, line feeds and broken UTF-8 stay one line of JSON") {
  const std::string text = to_json(Event{1, "missing", "a\"\n\xFF", "tab\there", 2}, "r", 0);
  CHECK(text.find('\n') == std::string::npos);
  const Json line = livecca_tests::parsed(text);
  CHECK(line["message"] == "tab\there");
  CHECK(line["count"] == 2);
}

TEST_CASE("a file of lines is not opened over another") {
  const TemporaryFolder folder;
  { JsonlFile file(folder.path() / "rows.jsonl"); }
  CHECK_THROWS_AS(JsonlFile(folder.path() / "rows.jsonl"), Error);
  CHECK_THROWS_AS(JsonlFile(folder.path() / "no such folder" / "rows.jsonl"), Error);
}

TEST_CASE("a line that the disk takes only in part is cut off again, waits and is not lost") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  const auto line = [](int number) {
    return "{\"number\":" + std::to_string(number) + ",\"a\":\"" + std::string(90, 'x') + "\"}";
  };
  REQUIRE(file.write(line(0)));
  {
    const livecca_tests::FileSizeLimit limit(line(0).size() + 20);
    CHECK_FALSE(file.write(line(1)));
    CHECK_FALSE(file.write(line(2)));
    CHECK(livecca_tests::read_lines(file.path()).size() == 1);
  }
  CHECK(file.lines_waiting() == 2);
  CHECK_FALSE(file.last_error().empty());
  CHECK(file.write(line(3)));
  CHECK(file.lines_lost() == 0);
  const auto lines = livecca_tests::read_lines(file.path());
  REQUIRE(lines.size() == 4);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i]["number"] == i);
}

TEST_CASE("lines that wait have a limit, and what is beyond it is counted") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  const std::string line = "\"" + std::string(1 << 20, 'x') + "\"";
  const livecca_tests::FileSizeLimit limit(10);
  for (int i = 0; i < 10; ++i) CHECK_FALSE(file.write(line));
  CHECK(file.lines_waiting() == 7);
  CHECK(file.lines_lost() == 3);
}

TEST_CASE("a file that was removed with its folder begins anew as it did, and it is said") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "run");
  JsonlFile inner(folder.path() / "run" / "rows.jsonl");
  inner.set_heading("{\"kind\":\"run\"}");
  REQUIRE(inner.write("{\"kind\":\"first\"}"));
  REQUIRE(inner.write("{\"a\":0}"));
  std::filesystem::remove_all(folder.path() / "run");
  CHECK_FALSE(inner.write("{\"a\":1}"));
  CHECK(inner.last_error() == "the file was removed; it was begun anew");
  CHECK(inner.lines_lost() == 1);
  CHECK(inner.write("{\"a\":2}"));
  const auto lines = livecca_tests::read_lines(inner.path());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0]["kind"] == "first");
  CHECK(lines[1]["kind"] == "run");
  CHECK(lines[2]["a"] == 1);
  CHECK(lines[3]["a"] == 2);
}

TEST_CASE("a file that was emptied or cut short in its place is gone on with, and it is said") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  file.set_heading("{\"kind\":\"run\"}");
  REQUIRE(file.write("{\"kind\":\"first\"}"));
  const auto first_size = file.size();
  REQUIRE(file.write("{\"a\":0}"));
  std::filesystem::resize_file(file.path(), file.size() - 3);
  CHECK_FALSE(file.write("{}"));
  CHECK(file.last_error() == "the file was shortened by another; lines are gone");
  auto lines = livecca_tests::read_lines(file.path());
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].empty());
  for (const auto size : {std::uint64_t{0}, first_size / 2}) {
    CAPTURE(size);
    std::filesystem::resize_file(file.path(), size);
    CHECK_FALSE(file.write("{\"a\":1}"));
    CHECK(file.write("{\"a\":2}"));
    lines = livecca_tests::read_lines(file.path());
    REQUIRE(lines.size() == 4);
    CHECK(lines[0]["kind"] == "first");
    CHECK(lines[1]["kind"] == "run");
    CHECK(lines[3]["a"] == 2);
  }
}

TEST_CASE("another run's file in the place of one that was removed is left alone") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  {
    JsonlFile file(path);
    REQUIRE(file.write("{\"run\":1}"));
    std::filesystem::remove(path);
    JsonlFile other(path);
    REQUIRE(other.write("{\"run\":2}"));
    CHECK_FALSE(file.write("{\"a\":1}"));
    CHECK(file.last_error() == "the file was removed, and another run's is in its place");
    CHECK_FALSE(file.sync());
    CHECK(file.lines_waiting() == 1);
    REQUIRE(other.write("{\"a\":2}"));
  }
  const auto lines = livecca_tests::read_lines(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["run"] == 2);
  CHECK(lines[1]["a"] == 2);
}

TEST_CASE("the disk is not said to have lines of a file that was removed") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  REQUIRE(file.write("{\"a\":1}"));
  REQUIRE(file.sync());
  std::filesystem::remove(file.path());
  CHECK_FALSE(file.sync());
  CHECK_FALSE(file.write("{\"a\":2}"));
  CHECK(file.sync());
  CHECK(livecca_tests::read_lines(file.path()).size() == 2);
}

TEST_CASE("lines that wait are written at the end, to the file that is there then") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  {
    JsonlFile file(path);
    REQUIRE(file.write("{\"a\":0}"));
    {
      const livecca_tests::FileSizeLimit limit(10);
      CHECK_FALSE(file.write("{\"a\":1}"));
    }
    std::filesystem::remove(path);
  }
  const auto lines = livecca_tests::read_lines(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["a"] == 0);
  CHECK(lines[1]["a"] == 1);
}

TEST_CASE("a file is known by its first line, as far as it goes") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  { CHECK(JsonlFile(path).first_line().empty()); }
  CHECK(JsonlFile::at_end_of(path).take_up("{\"run\":1}"));  // it has nothing to lose
  {
    JsonlFile file = JsonlFile::at_end_of(path);
    REQUIRE(file.write("{\"run\":1}"));
    REQUIRE(file.write("{\"a\":2}"));
    CHECK(file.first_line() == "{\"run\":1}");
    CHECK(file.last_line() == "{\"a\":2}");
  }
  CHECK(JsonlFile::at_end_of(path).take_up("{\"run\":1}"));
  CHECK_FALSE(JsonlFile::at_end_of(path).take_up("{\"run\":2}"));
  CHECK_FALSE(JsonlFile::at_end_of(path).take_up("{\"run\":1"));
  CHECK_FALSE(JsonlFile::at_end_of(path).take_up(""));
}

TEST_CASE("a file that an editor replaced is gone on with") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  REQUIRE(file.write("{\"a\":1}"));
  std::filesystem::copy_file(file.path(), folder.path() / "copy");
  std::filesystem::rename(folder.path() / "copy", file.path());
  CHECK_FALSE(file.write("{\"a\":2}"));
  CHECK(file.write("{\"a\":3}"));
  CHECK(livecca_tests::read_lines(file.path()).size() == 3);
  CHECK(file.lines_lost() == 0);
}

TEST_CASE("lines that wait are written before the disk is asked to keep them") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  {
    const livecca_tests::FileSizeLimit limit(3);
    CHECK_FALSE(file.write("{\"a\":1}"));
    CHECK_FALSE(file.sync());
  }
  CHECK(file.sync());
  CHECK(livecca_tests::read_lines(file.path()).size() == 1);
}

TEST_CASE("a file is gone on with from a size, at the end of a whole line") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  std::uint64_t size = 0;
  {
    JsonlFile file(path);
    REQUIRE(file.write("{\"a\":1}"));
    REQUIRE(file.write("{\"a\":2}"));
    size = file.size();
    REQUIRE(file.write("{\"a\":3}"));
  }
  {
    JsonlFile file = JsonlFile::at_end_of(path);
    file.cut(size);
    CHECK(file.size() == size);
    REQUIRE(file.write("{\"a\":4}"));
  }
  auto lines = livecca_tests::read_lines(path);
  REQUIRE(lines.size() == 3);
  CHECK(lines[2]["a"] == 4);
  // A size within a line, or beyond the end.
  { JsonlFile::at_end_of(path).cut(size + 3); }
  CHECK(livecca_tests::read_lines(path).size() == 2);
  { JsonlFile::at_end_of(path).cut(10000); }
  CHECK(livecca_tests::read_lines(path).size() == 2);
  CHECK_THROWS_AS(JsonlFile::at_end_of(folder.path() / "none"), Error);
}

TEST_CASE("a verdict without a forecast and a drift have null and no number that is not one") {
  VerdictRow verdict;
  verdict.layer = "conv1";
  verdict.verdict = "dead";
  verdict.message = "no neuron varies";
  const auto line = livecca_tests::parsed(to_json(verdict, "run", 1));
  CHECK(line["kind"] == "verdict");
  CHECK(line["remaining"].is_null());
  CHECK(line["moved"][1].is_null());
  CHECK_FALSE(line.contains("slope"));  // of older rows only
  CHECK(line["since_epoch"].is_null());
  verdict.since_epoch = 4;
  verdict.remaining = 0.5;
  const auto settled = livecca_tests::parsed(to_json(verdict, "run", 1));
  CHECK(settled["since_epoch"] == 4);
  CHECK(settled["remaining"] == 0.5);
  DriftRow drift;
  drift.probe = 0.25;
  drift.train = 0.5;
  auto drift_line = livecca_tests::parsed(to_json(drift, "run", 1));
  CHECK(drift_line["drift"] == 0.25);
  CHECK(drift_line["probe_noise_floor"].is_null());
  CHECK_FALSE(drift.is_explained_by_sizes());
  drift.probe_noise_floor = 0.75;
  CHECK_FALSE(drift.is_explained_by_sizes());
  drift.train_noise_floor = 0.4375;
  CHECK(drift.is_explained_by_sizes());
  drift.train_noise_floor = 0.5625;
  CHECK_FALSE(drift.is_explained_by_sizes());
  // As earlier versions wrote it.
  drift_line.erase("probe_noise_floor");
  drift_line.erase("train_noise_floor");
  const auto older = row_from_json(drift_line.dump());
  REQUIRE(older);
  REQUIRE(std::holds_alternative<DriftRow>(older->row));
  CHECK(std::get<DriftRow>(older->row).drift() == 0.25);
}
