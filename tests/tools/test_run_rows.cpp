#include <doctest/doctest.h>

#include "inputs/input_error.hpp"
#include "run_file.hpp"
#include "runs/run_rows.hpp"

using namespace livecca_tests;
using livecca::tool::Curve;
using livecca::tool::InputError;
using livecca::tool::RunReader;

namespace {

const Curve& only_curve(const RunReader& reader) {
  REQUIRE(reader.rows().curves.size() == 1);
  return reader.rows().curves.front();
}

}  // namespace

TEST_CASE("a run that grows is read from where the last look ended") {
  RunFile run;
  run.begin();
  run.add(measure_row(0, "conv1", 0.5));
  RunReader reader(run.folder());
  CHECK(only_curve(reader).points.size() == 1);
  CHECK_FALSE(reader.update());
  run.add(measure_row(1, "conv1", 0.25));
  CHECK(reader.update());
  CHECK(only_curve(reader).points.size() == 2);
  CHECK(only_curve(reader).latest() == 0.25);
  CHECK(reader.rows().epochs.size() == 2);
  CHECK(reader.rows().wall_time == 1002);
  CHECK_FALSE(reader.update());
}

TEST_CASE("a torn last line is left until it is whole") {
  RunFile run;
  run.begin();
  const std::string line = livecca::to_json(measure_row(0, "conv1", 0.5), "first", 5.0);
  for (const std::size_t torn : {std::size_t{1}, line.size() / 2, line.size()}) {
    CAPTURE(torn);
    const auto before = run.size();
    run.add_text(line.substr(0, torn));
    RunReader reader(run.path());
    CHECK(reader.rows().curves.empty());
    CHECK(reader.rows().foreign.count == 0);
    run.add_text(line.substr(torn) + "\n");
    CHECK(reader.update());
    CHECK(only_curve(reader).latest() == 0.5);
    run.cut(before);
  }
}

TEST_CASE("lines that are no rows are counted and change nothing") {
  RunFile run;
  run.begin();
  const std::string row = livecca::to_json(measure_row(0, "conv1", 0.5), "first", 5.0);
  std::string other_schema = row;
  other_schema.replace(row.find("\"schema\":1"), 10, "\"schema\":2");
  std::string other_type = row;
  other_type.replace(row.find("\"epoch\":0"), 9, "\"epoch\":{}");
  for (const std::string& line :
       {std::string("not JSON"), other_schema, other_type, std::string("[1]"), std::string(),
        std::string("{\"schema\":1}"), row.substr(0, 40) + row}) {
    run.add_text(line + "\n");
  }
  // A kind that a later version may add is a row.
  run.add_text(R"({"schema":1,"kind":"news","run":"first","wall_time":1})"
               "\n");
  run.add(measure_row(1, "conv1", 0.25));
  const RunReader reader(run.folder());
  CHECK(reader.rows().foreign.count == 7);
  CHECK(reader.rows().foreign.first == 2);
  CHECK(only_curve(reader).points.size() == 1);
}

TEST_CASE("a run that was cut back is read again, even if it has grown since") {
  RunFile run;
  run.begin();
  run.add(measure_row(0, "conv1", 0.5));
  const auto checkpoint = run.size();
  run.add(measure_row(1, "conv1", 0.25));
  run.add_event(1, "finished");
  RunReader reader(run.folder());
  CHECK(reader.rows().finished);
  run.cut(checkpoint);
  SUBCASE("shorter than it was") {}
  SUBCASE("longer than it was") {
    for (int i = 0; i < 20; ++i) run.add_log(0, "loss", 1);
  }
  run.add_event(1, "resumed");
  run.add(measure_row(1, "conv1", 0.75));
  CHECK(reader.update());
  CHECK_FALSE(reader.rows().finished);
  CHECK(only_curve(reader).points.size() == 2);
  CHECK(only_curve(reader).latest() == 0.75);
  CHECK_FALSE(reader.update());
}

TEST_CASE("a file that is gone for now has no news, and another in its place is read whole") {
  RunFile run;
  run.begin();
  run.add(measure_row(0, "conv1", 0.5));
  RunReader reader(run.folder());
  std::filesystem::remove(run.path());
  CHECK_FALSE(reader.update());
  CHECK(only_curve(reader).latest() == 0.5);
  run.begin();
  run.add(measure_row(0, "fc", 0.125));
  CHECK(reader.update());
  CHECK(only_curve(reader).key.layer == "fc");
}

TEST_CASE("alarms are those of the last snapshot of a stream") {
  RunFile run;
  run.begin();
  run.add(verdict_row(0, "conv1", "dead"));
  run.add(verdict_row(0, "conv2", "exploding"));
  RunReader reader(run.folder());
  CHECK(reader.rows().alarms.size() == 2);
  run.add(verdict_row(1, "conv1", "moving"));
  run.add(verdict_row(1, "conv2", "dead"));
  reader.update();
  REQUIRE(reader.rows().alarms.size() == 1);
  CHECK(reader.rows().alarms.front().verdict == "dead");
  CHECK(reader.rows().alarms.front().layer == "conv2");
  // A snapshot without verdicts ends them too: it has the layers' health.
  livecca::LayerRow healthy;
  healthy.epoch = 2;
  healthy.step = 30;
  run.add(healthy);
  reader.update();
  CHECK(reader.rows().alarms.empty());
  CHECK(reader.rows().verdicts.empty());
}

TEST_CASE("alarms that ended are kept, each layer's once") {
  RunFile run;
  run.begin();
  for (const int epoch : {3, 4}) run.add(verdict_row(epoch, "conv1", "dead"));
  for (const int epoch : {5, 6, 7, 8}) {
    run.add(verdict_row(epoch, "conv1", "moving"));
    if (epoch == 6) run.add(verdict_row(epoch, "conv1", "dead"));
    if (epoch >= 7) run.add(verdict_row(epoch, "fc", "exploding"));
  }
  const RunReader reader(run.folder());
  CHECK(reader.rows().alarms.size() == 1);
  REQUIRE(reader.rows().ended_alarms.size() == 1);
  const auto& ended = reader.rows().ended_alarms.front();
  CHECK(ended.layer == "conv1");
  CHECK(ended.verdict == "dead");
  CHECK(ended.first_epoch == 3);
  CHECK(ended.last_epoch == 6);
  CHECK(ended.times == 2);
}

TEST_CASE("what is no run is refused in a line that says what was expected") {
  RunFile run;
  const auto message = [](const std::string& path) {
    std::string text;
    try {
      const RunReader reader(path);
    } catch (const InputError& error) {
      text = error.what();
    }
    return text;
  };
  CHECK(message(run.folder()).ends_with("expected rows of a run, got no whole line"));
  run.add_text("half a line");
  CHECK(message(run.folder()).ends_with("expected rows of a run, got no whole line"));
  run.add_text("\n");
  CHECK(message(run.folder()).ends_with("expected rows of a run, got none in 1 lines"));
  CHECK(message(run.folder() + "/none").find("got nothing of this name") != std::string::npos);
  std::filesystem::remove(run.path());
  CHECK(message(run.folder()).find("without rows.jsonl") != std::string::npos);
}
