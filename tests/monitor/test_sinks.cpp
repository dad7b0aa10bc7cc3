#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "livecca/common/error.hpp"
#include "monitor/test_knobs.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/temporary_folder.hpp"
#include "tiny_training.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::TemporaryFolder;
using livecca_tests::TinyTraining;
using nlohmann::json;

namespace {

/// Keeps what it is given, as JSON; fails as often as it is told to.
class Collector : public Sink {
 public:
  std::string name() const override { return "collector"; }
  void open(const SinkRun& run) override {
    attempt();
    opened.push_back(run);
  }
  void run(const RunRow& row, const RowStamp& stamp) override { add(row, "run", stamp); }
  void snapshot(const SnapshotRows& given, const RowStamp& stamp) override {
    attempt();
    last_time = stamp.wall_time;
    CHECK(stamp.step == given.step);
    for (const auto& row : given.measures) keep(row);
    for (const auto& row : given.spectra) keep(row);
    for (const auto& row : given.layers) keep(row);
    for (const auto& row : given.drifts) keep(row);
    for (const auto& row : given.verdicts) keep(row);
    for (const auto& row : given.directions) keep(row);
    for (const auto& row : given.verdict_records) keep(row);
    if (given.overhead) keep(*given.overhead);
    calls.push_back(given.is_final ? "final" : "snapshot");
  }
  void log(const LogRow& row, const RowStamp& stamp) override { add(row, "log", stamp); }
  void event(const Event& event, const RowStamp& stamp) override { add(event, event.what, stamp); }
  void close() override { ++closed; }

  int failures = 0;  ///< so many calls more throw
  std::atomic<int> failed = 0;
  std::atomic<int> closed = 0;
  double last_time = 0;  ///< of the stamps
  std::vector<SinkRun> opened;
  std::vector<std::string> calls;
  std::vector<std::string> rows;

 private:
  template <typename Row>
  void add(const Row& row, const std::string& call, const RowStamp& stamp) {
    attempt();
    last_time = stamp.wall_time;
    keep(row);
    calls.push_back(call);
  }
  void attempt() {
    if (failed >= failures) return;
    ++failed;
    if (failed % 2 == 0) throw 7;
    throw std::runtime_error("the disk is full");
  }
  template <typename Row>
  void keep(const Row& row) {
    json line = livecca_tests::parsed(to_json(row, "run", 0));
    line.erase("wall_time");
    rows.push_back(line.dump());
  }
};

std::vector<std::string> rows_of_file(const std::filesystem::path& run) {
  std::vector<std::string> rows;
  for (json line : read_lines(run / "rows.jsonl")) {
    line.erase("wall_time");
    line.erase("checksum");
    rows.push_back(line.dump());
  }
  std::ranges::sort(rows);
  return rows;
}

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::ranges::sort(rows);
  return rows;
}

MonitorOptions options_in(const TemporaryFolder& folder, std::vector<std::shared_ptr<Sink>> sinks) {
  MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.threads = 1;
  options.sinks = std::move(sinks);
  return options;
}

constexpr double an_hour = 3600;  // seconds

/// One pass over a probe of one pair, and its snapshot.
void pass(Monitor& monitor, std::int64_t epoch) {
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("ref", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(60, 3, static_cast<std::uint64_t>(epoch) + 1);
  auto step = monitor.begin(Stream::probe, epoch);
  step.observe(net, view_of(x));
  step.observe(ref, view_of(x));
  step.commit();
  monitor.snapshot(epoch).wait();
}

}  // namespace

TEST_CASE("a sink gets every row of the run, in order, snapshots whole") {
  const TemporaryFolder folder;
  const auto sink = std::make_shared<Collector>();
  {
    Monitor monitor(options_in(folder, {sink}));
    TinyTraining training;
    training.before_epoch = [&](int epoch) { monitor.log(epoch, "loss", 1.0 / (epoch + 1)); };
    training.run(&monitor);
    monitor.finish();
    CHECK(sink->closed == 0);
  }
  CHECK(sink->closed == 1);
  REQUIRE(sink->opened.size() == 1);
  CHECK(sink->opened[0].name == "run");
  CHECK(sink->opened[0].folder == folder.path() / "run");
  CHECK(!sink->opened[0].is_resumed);
  CHECK(sink->calls.front() == "run");
  CHECK(std::ranges::count(sink->calls, "snapshot") == TinyTraining::epochs);
  CHECK(std::ranges::count(sink->calls, "log") == TinyTraining::epochs);
  CHECK(std::ranges::count(sink->calls, "final") == 1);
  CHECK(sink->calls.back() == "finished");
  CHECK(sorted(sink->rows) == rows_of_file(folder.path() / "run"));
}

TEST_CASE(
    "a sink that throws is called again with the same rows, counted, and told once a reason") {
  const TemporaryFolder folder;
  const auto failing = std::make_shared<Collector>();
  failing->failures = 7;
  const auto other = std::make_shared<Collector>();
  {
    Monitor monitor =
        MonitorForTests::begun(options_in(folder, {failing, other}), {.sink_retry_seconds = 0.002});
    for (int epoch = 0; epoch < 3; ++epoch) pass(monitor, epoch);
    while (failing->failed < failing->failures) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      static_cast<void>(monitor.save(folder.path() / "checkpoint"));
    }
    monitor.finish();
  }
  CHECK(failing->failed == 7);
  CHECK(failing->opened.size() == 1);
  CHECK(sorted(failing->rows) == rows_of_file(folder.path() / "run"));
  CHECK(sorted(other->rows) == rows_of_file(folder.path() / "run"));
  std::vector<json> told;
  std::vector<json> recovered;
  for (const json& line : read_lines(folder.path() / "run" / "rows.jsonl")) {
    if (line.value("what", "") == "sink_failed") told.push_back(line);
    if (line.value("what", "") == "sink_recovered") recovered.push_back(line);
  }
  REQUIRE(recovered.size() == 1);
  CHECK(recovered[0]["subject"] == "collector");
  CHECK(recovered[0]["message"] == "it takes rows again");
  REQUIRE(told.size() == 3);
  for (const json& line : told) CHECK(line["subject"] == "collector");
  CHECK(told[0]["message"] == "the disk is full; it is tried again");
  CHECK(told[0]["count"] == 1);
  CHECK(told[1]["message"] != told[0]["message"]);
  CHECK(told[1]["count"] == 2);
  CHECK(told[2]["count"] == 7);
}

TEST_CASE("a sink that never works costs its own rows and no waiting") {
  const TemporaryFolder folder;
  const auto failing = std::make_shared<Collector>();
  failing->failures = 1'000'000;
  const auto other = std::make_shared<Collector>();
  const auto begin = std::chrono::steady_clock::now();
  std::map<std::string, std::uint64_t> counts;
  std::map<std::string, std::string> messages;
  {
    MonitorOptions options = options_in(folder, {failing, other});
    options.on_event = [&](const Event& event) {
      counts[event.what] = event.count;
      messages[event.what] = event.message;
    };
    Monitor monitor = MonitorForTests::begun(options, {.sink_retry_seconds = an_hour});
    pass(monitor, 0);
    CHECK(monitor.save(folder.path() / "checkpoint"));
    monitor.finish();
  }
  // Not an hour: nobody waits for the pause to end.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::minutes(1));
  CHECK(failing->rows.empty());
  CHECK(failing->opened.empty());
  CHECK(failing->closed == 0);  // it was never opened
  CHECK(std::ranges::count(other->calls, "snapshot") == 1);
  // What it was owed is told, and every try is counted, the last ones too, though no row comes
  // after the last one.
  CHECK(read_lines(folder.path() / "run" / "rows.jsonl").back()["what"] == "finished");
  CHECK(messages["sink_dropped"].starts_with(
      "expected it to take all rows by the end of the run, got: "));
  CHECK(counts["sink_failed"] == static_cast<std::uint64_t>(failing->failed.load()));
  // Its open(), and what the other sink got besides.
  CHECK(counts["sink_dropped"] == 1 + other->calls.size());
}

TEST_CASE("a resumed run's sinks are told where it goes on, and had all rows before") {
  const TemporaryFolder folder;
  const auto before = std::make_shared<Collector>();
  const std::filesystem::path checkpoint = folder.path() / "checkpoint";
  auto monitor = std::make_unique<Monitor>(options_in(folder, {before}));
  for (int epoch = 0; epoch < 2; ++epoch) {
    monitor->training_step(epoch);
    pass(*monitor, epoch);
  }
  REQUIRE(monitor->save(checkpoint));
  CHECK(sorted(before->rows) == rows_of_file(folder.path() / "run"));
  const auto rows_at_checkpoint = static_cast<std::ptrdiff_t>(before->rows.size());
  const double time_at_checkpoint = before->last_time;
  monitor->training_step(2);
  pass(*monitor, 2);
  monitor.reset();
  const auto after = std::make_shared<Collector>();
  {
    Monitor resumed(options_in(folder, {after}), checkpoint);
    resumed.training_step(2);
    pass(resumed, 2);
  }
  REQUIRE(after->opened.size() == 1);
  CHECK(after->opened[0].is_resumed);
  CHECK(after->opened[0].epoch == 1);
  CHECK(after->opened[0].step == 2);
  // Later than all that stays, no later than what was cut off.
  CHECK(after->opened[0].saved_wall_time == time_at_checkpoint);
  CHECK(after->opened[0].wall_time >= time_at_checkpoint);
  CHECK(std::ranges::count(after->calls, "snapshot") == 1);
  // The run row comes from memory; all else is what the file has from the checkpoint on.
  REQUIRE(after->calls.size() >= 2);
  CHECK(after->calls[0] == "run");
  std::vector<std::string> both(before->rows.begin(), before->rows.begin() + rows_at_checkpoint);
  both.insert(both.end(), after->rows.begin() + 1, after->rows.end());
  CHECK(sorted(both) == rows_of_file(folder.path() / "run"));
}

TEST_CASE("save() returns when the sinks have what lies before the checkpoint") {
  struct Slow : Collector {
    void snapshot(const SnapshotRows& given, const RowStamp& stamp) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      Collector::snapshot(given, stamp);
    }
  };
  const TemporaryFolder folder;
  const auto sink = std::make_shared<Slow>();
  Monitor monitor(options_in(folder, {sink}));
  const TapHandle net = monitor.watch("net", "fc", Layout::nc);
  const TapHandle ref = monitor.watch("ref", "fc", Layout::nc);
  const Eigen::MatrixXd x = normal_matrix(4000, 200, 1);
  for (int epoch = 0; epoch < 3; ++epoch) {
    auto step = monitor.begin(Stream::probe, epoch);
    step.observe(net, view_of(x));
    step.observe(ref, view_of(x));
    step.commit();
    monitor.snapshot(epoch);  // not waited for
  }
  REQUIRE(monitor.save(folder.path() / "checkpoint"));
  CHECK(std::ranges::count(sink->calls, "snapshot") == 3);
}

TEST_CASE("the first failure of each sink is told, of one name, and of a resumed run") {
  const TemporaryFolder folder;
  std::set<std::string> told;  // each fails for two reasons in turn, so it may be told twice
  std::mutex mutex;
  const auto failing_options = [&] {
    const auto one = std::make_shared<Collector>();
    const auto other = std::make_shared<Collector>();
    one->failures = other->failures = 1'000'000;
    MonitorOptions options = options_in(folder, {one, other});
    options.on_event = [&](const Event& event) {
      const std::lock_guard lock(mutex);
      if (event.what == "sink_failed") told.insert(event.subject);
    };
    return options;
  };
  {
    Monitor monitor = MonitorForTests::begun(failing_options(), {.sink_retry_seconds = an_hour});
    pass(monitor, 0);
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  CHECK(told == std::set<std::string>{"collector", "collector 2"});
  told.clear();
  {
    Monitor resumed = MonitorForTests::resumed(failing_options(), folder.path() / "checkpoint",
                                               {.sink_retry_seconds = an_hour});
    REQUIRE(resumed.save(folder.path() / "checkpoint"));
  }
  CHECK(told == std::set<std::string>{"collector", "collector 2"});
}

TEST_CASE("options with a null sink or one twice are refused") {
  const TemporaryFolder folder;
  const auto sink = std::make_shared<Collector>();
  CHECK_THROWS_WITH_AS(Monitor(options_in(folder, {nullptr})),
                       "monitor options: expected sinks, got a null pointer among them", Error);
  CHECK_THROWS_WITH_AS(Monitor(options_in(folder, {sink, sink})),
                       "monitor options: expected each sink once, got collector twice", Error);
}
