#include <doctest/doctest.h>

#include <fstream>
#include <functional>
#include <random>
#include <set>

#include "left_run.hpp"
#include "monitor/checkpoint.hpp"
#include "support/failing_listing.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::check_line;
using livecca_tests::files_in;
using livecca_tests::LeftRun;
using livecca_tests::read_lines;
using livecca_tests::ScriptedTraining;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;
using livecca_tests::write_text;

TEST_CASE("a refused option says which value is the checkpoint's and which this run's") {
  const LeftRun run;
  MonitorOptions options = run.options;
  options.keep_variance = 0.5;
  const std::string refusal = run.refusal(options);
  CAPTURE(refusal);
  CHECK(refusal.find("option keep_variance = 0.99, which this checkpoint was written with, got 0.5 "
                     "in the options of this run") != std::string::npos);
}

TEST_CASE("a checkpoint of other options is refused, by the option's name") {
  const LeftRun run;
  const auto check = [&](const char* name, const std::function<void(MonitorOptions&)>& change) {
    MonitorOptions options = run.options;
    change(options);
    check_line(run.refusal(options), std::string("option ") + name);
  };
  check("network", [](auto& options) { options.network = "trained"; });
  check("measures", [](auto& options) { options.measures = {"pwcca"}; });
  check("keep_variance", [](auto& options) { options.keep_variance = 0.9; });
  check("partial_whitening_alpha", [](auto& options) { options.partial_whitening_alpha = 0.1; });
  check("positions", [](auto& options) { options.positions = Positions::sampled(16, 2); });
  check("precision", [](auto& options) { options.precision = Precision::fast; });
  check("max_features", [](auto& options) { options.max_features = 3; });
  check("feature_seed", [](auto& options) { options.feature_seed = 3; });
  check("error_blocks", [](auto& options) { options.error_blocks = 5; });
  check("pairing", [](auto& options) { options.pairing = Pairing::all(); });
  check("train_window", [](auto& options) { options.train_window = Window::all(); });
  check("history_images", [](auto& options) { options.history_images = 10; });
  check("history_seed", [](auto& options) { options.history_seed = 10; });
  // What does not change the numbers may be another.
  MonitorOptions options = run.options;
  options.threads = 2;
  options.queue_steps = 3;
  options.notes = {{"second", "part"}};
  CHECK(run.refusal(options).empty());
}

TEST_CASE("a checkpoint that is damaged is refused with a line") {
  const LeftRun run;
  const std::string text = text_of(run.facts());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, text.size() / 2, text.size() - 1}) {
    CAPTURE(size);
    write_text(run.facts(), text.substr(0, size));
    check_line(run.refusal(), run.facts().string());
  }
  auto json = livecca_tests::parsed(text);
  json.erase("checksum");
  for (const char* other : {"[]", "3", "null", "{}", R"({"format":3})", R"({"format":["x"]})",
                            R"({"format":"livecca.checkpoint","version":"1"})"}) {
    CAPTURE(other);
    write_text(run.facts(), other);
    check_line(run.refusal(), run.facts().string());
  }
  for (const auto& [name, value] : json.items()) {
    // Each part missing, and of another type.
    CAPTURE(name);
    if (name == "train") continue;  // without it the stream had no window
    auto damaged = json;
    damaged.erase(name);
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    check_line(run.refusal(), run.facts().string());
    damaged[name] = value.is_object() ? nlohmann::json("text") : nlohmann::json{{"an", "object"}};
    write_text(run.facts(), sealed_checkpoint(damaged.dump()));
    check_line(run.refusal(), run.facts().string());
  }
  for (const int version : {1, 2, 3, 5}) {
    auto other = json;
    other["version"] = version;
    // Versions 1 and 2 had no checksum.
    write_text(run.facts(), version < 3 ? other.dump() : sealed_checkpoint(other.dump()));
    check_line(run.refusal(), "expected a checkpoint of version 4, got " + std::to_string(version) +
                                  "; resume with the livecca that wrote it, or begin a new run");
  }
  write_text(run.facts(), json.dump());
  check_line(run.refusal(), "expected a checksum at its beginning, got none");
  write_text(run.facts(), text);
  CHECK(run.refusal().empty());
}

TEST_CASE("a checkpoint that nests without end is refused with a line, whatever part of it does") {
  const LeftRun run;
  auto json = livecca_tests::parsed(text_of(run.facts()));
  json.erase("checksum");
  for (const int levels : {33, 100'000}) {
    CAPTURE(levels);
    const std::string deep = std::string(levels, '[') + std::string(levels, ']');
    for (const auto& [name, value] : json.items()) {
      CAPTURE(name);
      auto damaged = json;
      damaged[name] = "@";
      std::string text = damaged.dump();
      text.replace(text.find("\"@\""), 3, deep);
      write_text(run.facts(), sealed_checkpoint(text));
      check_line(run.refusal(), run.facts().string());
    }
  }
}

TEST_CASE("no flipped bit of a checkpoint is taken for another checkpoint") {
  const LeftRun run;
  const std::string text = text_of(run.facts());
  std::mt19937_64 random(20240611);
  for (int i = 0; i < 1500; ++i) {
    CAPTURE(i);
    std::string damaged = text;
    // Where the checksum stands, one bit at each place; then anywhere, up to three at once.
    const int bits = i < 64 ? 1 : 1 + static_cast<int>(random() % 3);
    for (int bit = 0; bit < bits; ++bit) {
      const std::size_t place =
          i < 64 ? static_cast<std::size_t>(i) : static_cast<std::size_t>(random() % text.size());
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
    }
    if (damaged == text) continue;
    write_text(run.facts(), damaged);
    check_line(run.refusal(), run.facts().string());
  }
  write_text(run.facts(), text);
  CHECK(run.refusal().empty());
}

TEST_CASE("a checkpoint whose moments are damaged is refused with a line") {
  const LeftRun run;
  const std::string bytes = text_of(run.moments());
  for (const std::size_t size : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    CAPTURE(size);
    write_text(run.moments(), bytes.substr(0, size));
    check_line(run.refusal(), run.moments().string());
  }
  std::string garbage = bytes;
  garbage[bytes.size() - 9] = static_cast<char>(~garbage[bytes.size() - 9]);
  write_text(run.moments(), garbage);
  check_line(run.refusal(), run.moments().string());
  const auto file = run.moments();
  std::filesystem::remove(file);
  check_line(run.refusal(), file.string());
  write_text(file, bytes);
  CHECK(run.refusal().empty());
}

TEST_CASE("a run without its rows does not go on") {
  const LeftRun run;
  std::filesystem::remove(run.options.run_directory / "rows.jsonl");
  check_line(run.refusal(), "rows.jsonl");
  CHECK(run.refusal(ScriptedTraining::options_in(run.checkpoint())).find("rows.jsonl") !=
        std::string::npos);
}

TEST_CASE("a checkpoint of another run is refused, and what that run wrote is left as it is") {
  const LeftRun run;
  const LeftRun other(30);
  const auto rows = other.options.run_directory / "rows.jsonl";
  const auto history = other.options.run_directory / "history";
  const std::string before = text_of(rows);
  const auto kept_before = files_in(history);
  REQUIRE(before.size() > text_of(run.options.run_directory / "rows.jsonl").size());
  REQUIRE(kept_before.size() > files_in(run.options.run_directory / "history").size());
  check_line(run.refusal(other.options), rows.string());
  CHECK(run.refusal(other.options).find(run.checkpoint().string()) != std::string::npos);
  CHECK(text_of(rows) == before);
  CHECK(files_in(history) == kept_before);
  CHECK(other.refusal().empty());
}

TEST_CASE("a run in a folder that was renamed goes on") {
  const LeftRun run;
  MonitorOptions options = run.options;
  options.run_directory += "-renamed";
  std::filesystem::rename(run.options.run_directory, options.run_directory);
  CHECK(run.refusal(options).empty());
}

TEST_CASE("a run whose rows were removed or emptied goes on, from before and from after") {
  const TemporaryFolder folder;
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  const auto rows = options.run_directory / "rows.jsonl";
  {
    Monitor monitor(options);
    REQUIRE(monitor.save(folder.path() / "at the beginning"));
    ScriptedTraining training(monitor);
    training.play(0, 15);
    REQUIRE(monitor.save(folder.path() / "before"));
    std::filesystem::remove(rows);
    training.play(15, 40);  // to more rows than the checkpoint knows of
    REQUIRE(monitor.save(folder.path() / "after"));
    training.play(40, 45);
  }
  const auto go_on = [&](const char* checkpoint, int step) {
    CAPTURE(checkpoint);
    {
      Monitor monitor(options, folder.path() / checkpoint);
      ScriptedTraining(monitor).play(step, 45);
    }
    // Each row once, whatever was gone.
    std::set<std::uint64_t> logged;
    std::size_t lost = 0;
    const auto lines = read_lines(rows);
    for (const auto& line : lines) {
      if (line["kind"] == "log") CHECK(logged.insert(line["step"].get<std::uint64_t>()).second);
      if (line["kind"] == "event" && line["what"] == "rows_lost") ++lost;
    }
    CHECK(lines.front()["kind"] == "run");
    CHECK(logged.size() == static_cast<std::size_t>(45 - (step == 40 ? 15 : step)));
    return lost;
  };
  CHECK(go_on("after", 40) == 0);
  CHECK(go_on("before", 15) == 1);
  CHECK(go_on("before", 15) == 1);
  std::filesystem::resize_file(rows, 0);
  CHECK(go_on("before", 15) == 1);
  CHECK(go_on("before", 15) == 1);
  CHECK(go_on("at the beginning", 0) == 0);  // it knows of the first row, which is there
}

TEST_CASE("rows that are fewer than the checkpoint knows of are reported") {
  const LeftRun run;
  const auto rows = run.options.run_directory / "rows.jsonl";
  std::filesystem::resize_file(rows, std::filesystem::file_size(rows) / 2);
  CHECK(run.refusal().empty());
  const auto lines = read_lines(rows);
  CHECK(lines.back()["what"] == "rows_lost");
}

TEST_CASE("lines of another after the checkpoint stay when the run goes on, and it is said") {
  const LeftRun run;
  const auto rows = run.options.run_directory / "rows.jsonl";
  const auto size = livecca_tests::parsed(text_of(run.facts()))["rows_size"].get<std::size_t>();
  const std::string saved = text_of(rows).substr(0, size);
  const std::string late_row = saved.substr(0, saved.find('\n') + 1);
  std::ofstream(rows, std::ios::app) << "a note\n"
                                     << late_row << "{\"note\":2}\n"
                                     << "half a li";
  CHECK(run.refusal().empty());
  const std::string text = text_of(rows);
  CHECK(text.starts_with(saved + "a note\n{\"note\":2}\n{\"schema\":1,"));
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  const auto event = livecca_tests::parsed(text.substr(last));
  CHECK(event["what"] == "foreign_lines");
  CHECK(event["message"].get<std::string>().find("2 other lines") != std::string::npos);
}

TEST_CASE("a history that can be listed only in part is said when the run goes on") {
  const LeftRun run;
  for (const int entries : {0, 2, 3}) {
    CAPTURE(entries);
    std::string told;
    MonitorOptions options = run.options;
    options.on_event = [&](const Event& event) {
      if (event.what == "history_failed") told = event.message;
    };
    {
      const livecca_tests::FailingListing failing(entries);
      CHECK(run.refusal(options).empty());
    }
    CHECK(told == (options.run_directory / "history").string() +
                      ": expected to remove the snapshots after the checkpoint, got: Input/output "
                      "error");
  }
}

TEST_CASE("where no checkpoint can be written training goes on, and an event says so") {
  const TemporaryFolder folder;
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  write_text(folder.path() / "file", "not a folder");
  std::filesystem::create_directories(folder.path() / "taken" / "monitor.json");
  for (const bool synchronous : {true, false}) {
    MonitorOptions with = options;
    with.synchronous = synchronous;
    with.run_directory += synchronous ? "1" : "2";
    Monitor monitor(with);
    ScriptedTraining training(monitor);
    training.play(0, 9);
    const std::vector<std::filesystem::path> places{folder.path() / "file",
                                                    folder.path() / "file" / "below",
                                                    folder.path() / "taken",
                                                    "/proc/none/of",
                                                    "/dev/null",
                                                    ""};
    for (const auto& place : places) {
      CAPTURE(place);
      CHECK_FALSE(monitor.save(place));
    }
    CHECK(monitor.save(folder.path() / "a" / "new" / "folder"));
    training.play(9, 20);
    monitor.finish();
    std::size_t failures = 0;
    std::size_t measures = 0;
    for (const auto& line : read_lines(with.run_directory / "rows.jsonl")) {
      if (line["kind"] == "measure") ++measures;
      if (line["kind"] != "event" || line["what"] != "checkpoint_failed") continue;
      ++failures;
      CHECK(line["message"].get<std::string>().find('\n') == std::string::npos);
    }
    CHECK(failures == places.size());
    CHECK(measures > 0);
    CHECK(text_of(folder.path() / "file") == "not a folder");
  }
}
