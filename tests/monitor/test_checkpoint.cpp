#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>

#include "livecca/common/error.hpp"
#include "livecca/packs/recorder.hpp"
#include "monitor/test_knobs.hpp"
#include "scripted_training.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::comparable_rows;
using livecca_tests::files_in;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::ScriptedTraining;
using livecca_tests::TemporaryFolder;

namespace {

using Change = std::function<void(MonitorOptions&)>;

constexpr int end = 46;

MonitorOptions options_in(const std::filesystem::path& folder, const Change& change) {
  MonitorOptions options = ScriptedTraining::options_in(folder);
  change(options);
  return options;
}

void check_equal_rows(const MonitorOptions& expected, const MonitorOptions& got) {
  const auto expected_rows = comparable_rows(expected);
  const auto got_rows = comparable_rows(got);
  CHECK(expected_rows.size() == got_rows.size());
  const auto [a, b] = std::ranges::mismatch(expected_rows, got_rows);
  if (a != expected_rows.end() && b != got_rows.end()) CHECK(*a == *b);
}

/// Plays to the end in one folder, and in another until some steps after `cut`, where both save;
/// goes on there from the checkpoint, and expects the same rows.
void check_resumes(int cut, const Change& change) {
  CAPTURE(cut);
  const TemporaryFolder folder;
  const MonitorOptions straight = options_in(folder.path() / "straight", change);
  {
    Monitor monitor(straight);
    ScriptedTraining training(monitor);
    training.play(0, cut);
    REQUIRE(monitor.save(folder.path() / "unused"));
    training.play(cut, end);
    monitor.finish();
  }
  const MonitorOptions options = options_in(folder.path() / "resumed", change);
  const auto checkpoint = folder.path() / "checkpoint";
  {
    Monitor monitor(options);
    ScriptedTraining training(monitor);
    training.play(0, cut);
    REQUIRE(monitor.save(checkpoint));
    training.play(cut, std::min(end, cut + 25));
  }
  {
    Monitor monitor(options, checkpoint);
    ScriptedTraining training(monitor);
    training.play(cut, end);
    monitor.finish();
  }
  check_equal_rows(straight, options);
}

std::string moments_file(const std::filesystem::path& checkpoint) {
  for (const std::string& name : files_in(checkpoint)) {
    if (name.ends_with(".moments")) return name;
  }
  return {};
}

/// So small that few snapshots are kept.
void thin_history(MonitorOptions& options) {
  options.history_byte_limit = 12'000;
  options.compare_before = {1, 2};
  options.probe_schedule = Schedule::every_steps(3);
}

}  // namespace

TEST_CASE("a resumed run writes the rows of one that went on, whatever its window remembers") {
  for (const Window window : {Window::since_snapshot(), Window::all(), Window::exponential(30),
                              Window::last_blocks(3, 40)}) {
    CAPTURE(name_of(window.kind));
    for (const std::size_t error_blocks : {0U, 5U}) {
      CAPTURE(error_blocks);
      // In the middle of a window, right after a snapshot, before the first step, and after a step
      // that lacked a tap.
      for (const int cut : {0, 5, 7, 10, 25}) {
        check_resumes(cut, [&](MonitorOptions& options) {
          options.train_window = window;
          options.error_blocks = error_blocks;
        });
      }
    }
  }
}

TEST_CASE("schedules go on after a resume") {
  for (const int cut : {3, 9, 16, 31}) {
    check_resumes(cut, [](MonitorOptions& options) {
      options.train_schedule = Schedule::every_steps(3);
      options.probe_schedule = Schedule::every_epochs(2);
      options.train_snapshots = Schedule::log_spaced(5);
    });
  }
}

TEST_CASE("what is thinned out of the history stays while a checkpoint needs it") {
  for (const int cut : {11, 20, 29}) check_resumes(cut, thin_history);
  SUBCASE("also the checkpoint before the last one, and no longer") {
    const TemporaryFolder folder;
    const MonitorOptions straight = options_in(folder.path() / "straight", thin_history);
    const MonitorOptions options = options_in(folder.path() / "resumed", thin_history);
    const auto save_and_play = [&](Monitor& monitor, ScriptedTraining& training, int from) {
      REQUIRE(monitor.save(folder.path() / std::to_string(from)));
      training.play(from, from + 9);
    };
    {
      Monitor monitor(straight);
      ScriptedTraining training(monitor);
      training.play(0, 19);
      for (const int from : {19, 28, 37}) save_and_play(monitor, training, from);
      monitor.finish();
    }
    {
      Monitor monitor(options);
      ScriptedTraining training(monitor);
      training.play(0, 19);
      for (const int from : {19, 28}) save_and_play(monitor, training, from);
    }
    Monitor monitor(options, folder.path() / "19");
    ScriptedTraining training(monitor);
    training.play(19, 28);
    for (const int from : {28, 37}) save_and_play(monitor, training, from);
    const SnapshotReport curves = monitor.finish();
    check_equal_rows(straight, options);
    for (int i = 0; i < 2; ++i) REQUIRE(monitor.save(folder.path() / "last"));
    const auto points = std::ranges::count_if(curves.measures, [](const MeasureRow& row) {
      return row.layer == "a" && row.measure == "pwcca_distance";
    });
    // Each kept snapshot but the last one has its point of the curve.
    CHECK(files_in(options.run_directory / "history").size() ==
          static_cast<std::size_t>(points) + 1);
  }
}

TEST_CASE("what a killed run left in its history goes when it is resumed, and nothing else") {
  const TemporaryFolder folder;
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  {
    Monitor monitor(options);
    ScriptedTraining(monitor).play(0, 8);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  const auto history = options.run_directory / "history";
  for (const char* name :
       {".livecca-spool-x1Y2z3", "snapshot-0001.safetensors.77-1.tmp", "snapshot-0002.safetensors",
        "snapshot-0009.safetensors", "snapshot-best.safetensors", "notes"}) {
    std::ofstream(history / name) << "left";
  }
  const Monitor monitor(options, folder.path() / "checkpoint");
  CHECK(files_in(history) == std::vector<std::string>{"notes", "snapshot-0000.safetensors",
                                                      "snapshot-0001.safetensors",
                                                      "snapshot-best.safetensors"});
}

TEST_CASE("a start that is not the first snapshot stays as well, and is there after a resume") {
  const TemporaryFolder folder;
  const MonitorOptions options = options_in(folder.path(), thin_history);
  {
    Monitor monitor(options);
    ScriptedTraining training(monitor);
    training.spoil_probe_of_step(0);
    training.play(0, end);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  ScriptedTraining training(monitor);
  training.probe_batch(end, 0);
  training.probe_batch(end, 1);
  const SnapshotReport report = monitor.snapshot(100).wait();
  for (const char* layer : {"a", "b"}) {
    const MeasureRow* row = report.find({layer, "start", "pwcca_distance"});
    REQUIRE(row != nullptr);
    CHECK(row->value);
  }
}

TEST_CASE("a probe pass that a checkpoint interrupts is made again") {
  const TemporaryFolder folder;
  const MonitorOptions straight = ScriptedTraining::options_in(folder.path() / "straight");
  const MonitorOptions options = ScriptedTraining::options_in(folder.path() / "resumed");
  const auto snapshot_by_hand = [](Monitor& monitor, ScriptedTraining& training) {
    training.probe_batch(10, 0);
    training.probe_batch(10, 1);
    monitor.snapshot(2);
    training.play(10, end);
    monitor.finish();
  };
  {
    Monitor monitor(straight);
    ScriptedTraining training(monitor);
    training.play(0, 10);
    snapshot_by_hand(monitor, training);
  }
  {
    Monitor monitor(options);
    ScriptedTraining training(monitor);
    training.play(0, 10);
    training.probe_batch(10, 0);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  ScriptedTraining training(monitor);
  snapshot_by_hand(monitor, training);
  check_equal_rows(straight, options);
}

TEST_CASE("recorded references go on, and may be named again") {
  const TemporaryFolder folder;
  const auto pack = folder.path() / "pack.safetensors";
  const Eigen::MatrixXd activations = normal_matrix(ScriptedTraining::probe_images, 3, 9);
  REQUIRE(livecca::record(pack, {}, [&](Recorder& recorder) {
    recorder.observe("a", Layout::nc, view_of(activations));
    recorder.end_batch();
  }));
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  const auto latest_rows = [](const Monitor& monitor) {
    std::vector<MeasureRow> rows;
    for (const char* reference : {"recorded", "other", "start"}) {
      for (const Stream stream : {Stream::probe, Stream::train}) {
        for (const char* layer : {"a", "b"}) {
          const auto row = monitor.latest({.layer = layer,
                                           .reference = reference,
                                           .measure = "pwcca_distance",
                                           .stream = stream});
          if (row) rows.push_back(*row);
        }
      }
    }
    return rows;
  };
  std::vector<MeasureRow> before;
  {
    Monitor monitor(options);
    REQUIRE(monitor.add_reference("recorded", pack));
    ScriptedTraining(monitor).play(0, 20);
    before = latest_rows(monitor);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  const std::vector<MeasureRow> after = latest_rows(monitor);
  REQUIRE(after.size() == 7);
  REQUIRE(before.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) CHECK(to_json(before[i], "", 0) == to_json(after[i], "", 0));
  CHECK(monitor.add_reference("recorded", pack));
  CHECK_THROWS_AS(monitor.add_reference("recorded", folder.path() / "another"), Error);
  ScriptedTraining(monitor).play(20, 26);
  const auto latest = monitor.latest({"a", "recorded", "pwcca_distance"});
  REQUIRE(latest);
  CHECK(latest->epoch == 4);
  CHECK(latest->value);
}

TEST_CASE("a tap that was watched after the last train step is there after a resume") {
  const TemporaryFolder folder;
  const Eigen::MatrixXd late = normal_matrix(12, 3, 5);
  const auto go_on = [&](Monitor& monitor) {
    ScriptedTraining training(monitor);
    const TapHandle tap = monitor.watch("net", "late", Layout::nc);
    training.play(9, 13);
    auto step = monitor.begin(Stream::train, 2);
    step.observe(tap, view_of(late));
    step.commit();
    training.play(13, end);
    monitor.finish();
  };
  const MonitorOptions straight = ScriptedTraining::options_in(folder.path() / "straight");
  const MonitorOptions options = ScriptedTraining::options_in(folder.path() / "resumed");
  const auto begin = [&](Monitor& monitor) {
    ScriptedTraining(monitor).play(0, 9);
    monitor.watch("net", "late", Layout::nc);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  };
  {
    Monitor monitor(straight);
    begin(monitor);
    go_on(monitor);
  }
  {
    Monitor monitor(options);
    begin(monitor);
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  go_on(monitor);
  check_equal_rows(straight, options);
}

TEST_CASE("a checkpoint that is written anew replaces the old one whole") {
  const TemporaryFolder folder;
  const auto checkpoint = folder.path() / "checkpoint";
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  Monitor monitor(options);
  ScriptedTraining training(monitor);
  training.play(0, 10);
  REQUIRE(monitor.save(checkpoint));
  const std::string before = moments_file(checkpoint);
  // What a process leaves behind that is killed while it saves.
  for (const char* stale :
       {"train-4-8.moments", "train-9-9.moments.77-1.tmp", "monitor.json.77-2.tmp", "weights"}) {
    std::ofstream(checkpoint / stale) << "stale";
  }
  // The window is another one, though no step came: until monitor.json is replaced, the moments
  // that it names have to be those that it was written with.
  monitor.snapshot(2);
  REQUIRE(monitor.save(checkpoint));
  const std::string after = moments_file(checkpoint);
  CHECK(before != after);
  CHECK(files_in(checkpoint) == std::vector<std::string>{"monitor.json", after, "weights"});
}

TEST_CASE("rows' times do not step back when a run is resumed") {
  const TemporaryFolder folder;
  const MonitorOptions options = ScriptedTraining::options_in(folder.path());
  {
    Monitor monitor =
        livecca::MonitorForTests::begun(options, {.wall_clock = [] { return 2000.0; }});
    ScriptedTraining(monitor).play(0, 10);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  {
    Monitor monitor = livecca::MonitorForTests::resumed(options, folder.path() / "checkpoint",
                                                        {.wall_clock = [] { return 1000.0; }});
    ScriptedTraining(monitor).play(10, 20);
  }
  for (const auto& row : read_lines(options.run_directory / "rows.jsonl")) {
    CHECK(row["wall_time"] == 2000.0);
  }
}

TEST_CASE(
    "off the training thread a checkpoint waits for steps and solves, and the probe goes on") {
  const TemporaryFolder folder;
  const auto change = [](MonitorOptions& options) {
    options.synchronous = false;
    options.train_schedule = Schedule::never();
  };
  const MonitorOptions straight = options_in(folder.path() / "straight", change);
  const MonitorOptions options = options_in(folder.path() / "resumed", change);
  {
    Monitor monitor(straight);
    ScriptedTraining(monitor).play(0, end);
    monitor.finish();
  }
  {
    Monitor monitor(options);
    ScriptedTraining training(monitor);
    training.play(0, 13);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
    training.play(13, 30);
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  ScriptedTraining(monitor).play(13, end);
  monitor.finish();
  // The user's own rows are written while snapshots are solved.
  const auto numbers = [](const MonitorOptions& of) {
    std::vector<std::string> rows = comparable_rows(of);
    std::erase_if(rows, [](const std::string& row) {
      return row.find("\"kind\":\"log\"") != std::string::npos;
    });
    return rows;
  };
  CHECK(numbers(straight) == numbers(options));
}
