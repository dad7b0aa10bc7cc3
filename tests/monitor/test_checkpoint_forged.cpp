#include <doctest/doctest.h>

#include <string>

#include "left_run.hpp"
#include "monitor/checkpoint.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"

// Checkpoints that were changed and have the checksum of what they hold.

using namespace livecca;
using livecca_tests::check_line;
using livecca_tests::LeftRun;
using livecca_tests::text_of;
using livecca_tests::write_text;

TEST_CASE("a checkpoint is refused in one printable line, whatever its texts hold") {
  const LeftRun run;
  const auto json = livecca_tests::parsed(text_of(run.facts()));
  const std::string text = std::string("\n\x7F\xC2\x9B[31m") + std::string(1000, 'x');
  for (const auto& place :
       {"/version", "/options/network", "/taps/0/layout", "/probe/taps/0/shape/dtype",
        "/latest/0/status", "/train/moments", "/verdicts", "/learning_rate"}) {
    CAPTURE(place);
    auto damaged = json;
    damaged.erase("checksum");
    damaged[nlohmann::json::json_pointer(place)] = text;
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    const std::string refusal = run.refusal();
    check_line(refusal, "expected");
    CHECK(refusal.size() < 700);
    CHECK(refusal.find_first_of("\n\x7F") == std::string::npos);
    CHECK(refusal.find("\xC2\x9B") == std::string::npos);
  }
}

TEST_CASE("a checkpoint that an earlier version wrote, without epochs and modes, is gone on with") {
  const LeftRun run;
  auto json = livecca_tests::parsed(text_of(run.facts()));
  json.erase("checksum");
  REQUIRE(json["front"].erase("snapshot_epoch") == 1);
  REQUIRE(json["train"]["facts"].erase("training_modes") == 1);
  write_text(run.facts(), sealed_checkpoint(json.dump()));
  CHECK(run.refusal().empty());
  // What is there and no such thing is refused, as all others.
  json["train"]["facts"]["training_modes"] = "train";
  write_text(run.facts(), sealed_checkpoint(json.dump()));
  check_line(run.refusal(), "expected a checkpoint");
}

TEST_CASE("events keep the reasons that were told") {
  const Event event{
      .epoch = 1, .what = "unwatchable", .subject = "net/a", .message = "b", .count = 3};
  const auto kept = events_from_json(events_to_json({{event, 2, {"a", "b"}}}));
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].event == event);
  CHECK(kept[0].written == 2);
  CHECK(kept[0].reasons == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a checkpoint with a fraction or -1 in place of a count is refused with a line") {
  const LeftRun run;
  auto json = livecca_tests::parsed(text_of(run.facts()));
  json.erase("checksum");
  for (const char* place : {"/front/made", "/train/progress/clock", "/train/facts/taps/0",
                            "/probe/taps/0/shape/features", "/history/kept/0/number",
                            "/widths/0/0/1", "/events/0/4", "/taps/0/step", "/taps_in_run_row"}) {
    CAPTURE(place);
    auto damaged = json;
    damaged[nlohmann::json::json_pointer(place)] = 1e308;
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    check_line(run.refusal(), "expected whole numbers in ");
  }
  for (const char* place :
       {"/front/made", "/front/train/0", "/train/progress/clock", "/train/facts/steps",
        "/probe/taps/0/shape/features", "/history/kept/0/number", "/history/snapshots",
        "/events/0/4", "/taps/0/step", "/taps_in_run_row"}) {
    CAPTURE(place);
    auto damaged = json;
    damaged[nlohmann::json::json_pointer(place)] = -1;
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    check_line(run.refusal(), "a number out of range");
  }
  for (const char* count : {"\"snapshot\":", "\"epoch\":", "\"snapshots\":"}) {
    CAPTURE(count);
    auto damaged = json;
    auto verdicts = json["verdicts"].get<std::string>();
    const auto place = verdicts.find(count);
    REQUIRE(place != std::string::npos);
    verdicts.insert(place + std::string(count).size(), "1e308,\"x\":");
    damaged["verdicts"] = verdicts;
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    check_line(run.refusal(), "no whole number");
  }
}
