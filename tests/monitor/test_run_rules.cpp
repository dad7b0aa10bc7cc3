#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <stdexcept>
#include <thread>

#include "drifting_network.hpp"
#include "livecca/common/error.hpp"
#include "monitor/test_knobs.hpp"
#include "report_events.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/message_of.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::has_event;
using livecca_tests::has_event_saying;
using livecca_tests::message_of;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;
using livecca_tests::WatchedPair;

namespace {

struct FailingSink : Sink {
  std::string name() const override { return "failing"; }
  void snapshot(const SnapshotRows&, const RowStamp&) override {
    throw std::runtime_error("it takes none");
  }
};

struct QuietSink : Sink {
  std::string name() const override { return "quiet"; }
  void snapshot(const SnapshotRows&, const RowStamp&) override {}
};

struct ToldEvents {
  std::vector<Event> events;
  std::size_t count(std::string_view what, std::string_view subject) const {
    return static_cast<std::size_t>(std::ranges::count_if(events, [&](const Event& event) {
      return event.what == what && event.subject == subject;
    }));
  }
};

void probe_of(WatchedPair& pair, std::int64_t epoch, Eigen::Index features) {
  const Eigen::MatrixXd x = normal_matrix(60, features, 3);
  const Eigen::MatrixXd y = normal_matrix(60, 5, 4);
  pair.observed(Stream::probe, epoch, view_of(x), view_of(y)).commit();
}

std::string last_what(const std::filesystem::path& rows) {
  return read_lines(rows).back()["what"].get<std::string>();
}

}  // namespace

TEST_CASE("finished is the last row, whatever comes after it, and the user is told") {
  ToldEvents told;
  TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.on_event = [&](const Event& event) { told.events.push_back(event); };
  options.sinks = {std::make_shared<FailingSink>()};
  {
    Monitor monitor = MonitorForTests::begun(options, {.sink_retry_seconds = 1e-3});
    const TapHandle net = monitor.watch("net", "fc", Layout::nc);
    const Eigen::MatrixXd x = normal_matrix(60, 4, 1);
    auto step = monitor.begin(Stream::probe, 0);
    step.observe(net, view_of(x));
    step.commit();
    monitor.snapshot(0);
    monitor.finish();
    CHECK(last_what(options.run_directory / "rows.jsonl") == "finished");
    monitor.log(5, "accuracy", 0.5);
    monitor.log(6, "accuracy", 0.75);
    CHECK_FALSE(monitor.add_reference("gone", folder.path() / "nothing.safetensors"));
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  CHECK(last_what(options.run_directory / "rows.jsonl") == "finished");
  CHECK(told.count("after_finish", "accuracy") == 2);  // at once, and at the end with its count
  CHECK(told.count("reference_refused", "gone") == 1);
  CHECK(told.count("sink_failed", "failing") >= 1);
  for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
    CHECK(line["kind"] != "log");
  }
  options.sinks.clear();
  Monitor resumed(options, folder.path() / "checkpoint");
  resumed.log(7, "loss", 1);
  for (const auto& line : read_lines(options.run_directory / "rows.jsonl")) {
    CHECK(line.value("what", "") != "finished");
    CHECK(line.value("what", "") != "rows_lost");
  }
  resumed.finish();
  CHECK(last_what(options.run_directory / "rows.jsonl") == "finished");
}

TEST_CASE("a clock of infinity is passed over, and the run can be resumed") {
  TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  double now = 1000;
  {
    Monitor monitor = MonitorForTests::begun(options, {.wall_clock = [&] { return now; }});
    for (const double wrong :
         {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
          -std::numeric_limits<double>::infinity()}) {
      now = wrong;
      monitor.log(0, "loss", 1);
    }
    now = 1001;
    monitor.log(0, "loss", 1);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  const auto lines = read_lines(options.run_directory / "rows.jsonl");
  for (const auto& line : lines) {
    REQUIRE(line["wall_time"].is_number());
    CHECK((line["wall_time"] == 1000 || line["wall_time"] == 1001));
  }
  CHECK(lines.back()["wall_time"] == 1001);
  CHECK(std::ranges::count_if(lines, [](const auto& line) {
          return line["kind"] == "event" && line["what"] == "clock_stepped_back";
        }) >= 1);
  Monitor resumed = MonitorForTests::resumed(options, folder.path() / "checkpoint",
                                             {.wall_clock = [&] { return now; }});
  const auto events = resumed.finish().events;
  REQUIRE(events.size() == 1);
  CHECK(events[0].what == "missing");  // no layer was watched
}

TEST_CASE("names that are not UTF-8 are refused at the door, and what was saved can be resumed") {
  TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  const auto refused_options = [&](const std::function<void(MonitorOptions&)>& change) {
    MonitorOptions changed = options;
    change(changed);
    CHECK(message_of([&] { const Monitor monitor(changed); }) ==
          "monitor options: expected names and patterns in UTF-8, got \"n\\ufffdt\"");
    CHECK_FALSE(std::filesystem::exists(options.run_directory));
  };
  refused_options([](MonitorOptions& changed) { changed.network = "n\xFFt"; });
  refused_options([](MonitorOptions& changed) { changed.run = "n\xFFt"; });
  {
    Monitor monitor(options);
    const std::string why = message_of([&] { monitor.watch("net", "f\xC3", Layout::nc); });
    CHECK(why.find("expected the names of a network and a layer in UTF-8") != std::string::npos);
    CHECK_THROWS_AS(monitor.watch("n\xFFt", "fc", Layout::nc), Error);
    CHECK_THROWS_AS(static_cast<void>(monitor.add_reference("r\xFF", folder.path())), Error);
    const auto added = monitor.add_reference("recorded", "/packs/n\xFFt.safetensors");
    CHECK(added.why() ==
          "\"/packs/n\\ufffdt.safetensors\": expected the path of a recorded reference in UTF-8");
    const TapHandle net = monitor.watch("net", "Größe", Layout::nc);
    const Eigen::MatrixXd x = normal_matrix(60, 4, 1);
    auto step = monitor.begin(Stream::train, 0);
    step.observe(net, view_of(x));
    step.commit();
    monitor.log(0, "l\xFFss", 1);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  Monitor resumed(options, folder.path() / "checkpoint");
  resumed.watch("net", "Größe", Layout::nc);
}

TEST_CASE("a sink serves one run: a second monitor is refused, before it makes a run") {
  TemporaryFolder folder;
  MonitorOptions options;
  options.sinks = {std::make_shared<QuietSink>()};
  options.run_directory = folder.path() / "second";
  const auto second = [&] { return message_of([&] { const Monitor monitor(options); }); };
  {
    MonitorOptions first = options;
    first.run_directory = folder.path() / "first";
    const Monitor monitor(first);
    CHECK(second() ==
          "monitor options: expected sinks that serve no other run, got quiet, which does");
    CHECK_FALSE(std::filesystem::exists(options.run_directory));
  }
  CHECK(second().empty());
}

TEST_CASE("that nobody tells the probe's inputs is said at the first snapshot, once") {
  for (const bool told : {false, true}) {
    CAPTURE(told);
    WatchedPair pair;
    std::size_t said = 0;
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      const Eigen::MatrixXd x = normal_matrix(60, 4, 3);
      auto step = pair.observed(Stream::probe, epoch, view_of(x), view_of(x));
      if (told) step.set_inputs(view_of(x));
      step.commit();
      const SnapshotReport report = pair.monitor.snapshot(epoch).wait();
      said += has_event(report, "unverified_probe", "probe") ? 1 : 0;
      if (epoch > 0) CHECK_FALSE(has_event(report, "unverified_probe", "probe"));
    }
    CHECK(said == (told ? 0 : 1));
  }
}

TEST_CASE(
    "a probe whose inputs are told no more is said, if the start knows them, once a process") {
  TemporaryFolder folder;
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  const Eigen::MatrixXd x = normal_matrix(60, 4, 3);
  const auto is_said = [&](Monitor& monitor, std::int64_t epoch, bool told) {
    auto step = monitor.begin(Stream::probe, epoch);
    if (told) step.set_inputs(view_of(x));
    step.observe(monitor.watch("net", "fc", Layout::nc), view_of(x));
    step.commit();
    return has_event_saying(monitor.snapshot(epoch).wait(), "unverified_probe",
                            "expected the probe's inputs as at the start");
  };
  {
    Monitor monitor(options);
    CHECK_FALSE(is_said(monitor, 0, true));
    CHECK(is_said(monitor, 1, false));
    CHECK_FALSE(is_said(monitor, 2, false));
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  Monitor monitor(options, folder.path() / "checkpoint");
  CHECK(is_said(monitor, 3, false));
  CHECK_FALSE(is_said(monitor, 4, true));
  CHECK_FALSE(is_said(monitor, 5, false));
}

TEST_CASE("a width that changes between snapshots is said, and only then") {
  WatchedPair pair;
  const auto snapshot = [&](std::int64_t epoch, Eigen::Index features) {
    probe_of(pair, epoch, features);
    return pair.monitor.snapshot(epoch).wait();
  };
  CHECK_FALSE(has_event(snapshot(0, 4), "shape_changed", "net/fc"));
  CHECK_FALSE(has_event(snapshot(1, 4), "shape_changed", "net/fc"));
  const SnapshotReport changed = snapshot(2, 7);
  CHECK(has_event(changed, "shape_changed", "net/fc"));
  CHECK_FALSE(has_event(snapshot(3, 7), "shape_changed", "net/fc"));
}

TEST_CASE("a snapshot before training is at step 0, however many batches the probe has") {
  for (const bool counts_steps : {true, false}) {
    CAPTURE(counts_steps);
    WatchedPair pair;
    std::vector<std::uint64_t> steps;
    for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
      for (int batch = 0; batch < 5; ++batch) probe_of(pair, epoch, 4);
      steps.push_back(pair.monitor.snapshot(epoch).wait().step);
      if (counts_steps) pair.monitor.training_step(epoch + 1);
    }
    // Where nobody counts training steps, snapshots come in their order all the same.
    CHECK(steps == std::vector<std::uint64_t>{0, 1, 2});
  }
}

TEST_CASE("a checkpoint counts the train steps that its window holds, whoever commits meanwhile") {
  WatchedPair pair([](MonitorOptions& options) {
    options.queue_steps = 1 << 16;  // none is dropped
    options.keep_history = false;
  });
  const Eigen::MatrixXd x = normal_matrix(8, 2, 1);
  constexpr int saves = 200;
  constexpr int steps_a_save = 100;
  std::atomic<int> granted = 0;  // so that the threads commit while it saves, and fill no queue
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        if (granted.fetch_sub(1) > 0) {
          pair.train_step(x, x);
        } else {
          ++granted;
          std::this_thread::yield();
        }
      }
    });
  }
  const auto checkpoint = pair.folder.path() / "checkpoint";
  std::size_t differ = 0;
  for (int save = 0; save < saves; ++save) {
    granted += steps_a_save;
    if (!pair.monitor.save(checkpoint)) ++differ;
    const auto saved = livecca_tests::parsed(livecca_tests::text_of(checkpoint / "monitor.json"));
    if (!saved.contains("train")) continue;
    if (saved["front"]["committed"] != saved["train"]["facts"]["steps"]) ++differ;
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(differ == 0);
}

TEST_CASE("the label of an exponential window has its half-life as it was given") {
  for (const auto& [half_life, text] : {std::pair(37.0, "37"), std::pair(0.5, "0.5"),
                                        std::pair(1e-3, "0.001"), std::pair(1e6, "1000000")}) {
    WatchedPair pair([half_life = half_life](MonitorOptions& options) {
      options.train_window = Window::exponential(half_life);
    });
    pair.train_step(normal_matrix(60, 4, 1), normal_matrix(60, 4, 2));
    const auto report = pair.monitor.snapshot(0, Stream::train).wait();
    REQUIRE_FALSE(report.measures.empty());
    CHECK(report.measures[0].window == std::string("exponential of half-life ") + text);
  }
}
