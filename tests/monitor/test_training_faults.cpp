#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "livecca/packs/recorder.hpp"
#include "monitor/test_knobs.hpp"
#include "support/file_size_limit.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/temporary_folder.hpp"
#include "tiny_training.hpp"

// Each fault strikes a training that goes on: it must end with the weights of one that nobody
// watched, and what was lost must stand in the run.

using namespace livecca;
using livecca_tests::read_lines;
using livecca_tests::sum_of_overhead;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;
using livecca_tests::TinyTraining;

namespace {

struct WatchedTraining {
  TemporaryFolder folder;
  MonitorOptions options;
  TinyTraining training;

  WatchedTraining() {
    options.run_directory = folder.path() / "run";
    options.threads = 1;
    options.queue_steps = 100;  // more than the tests' steps between snapshots
  }

  std::filesystem::path rows() const { return options.run_directory / "rows.jsonl"; }

  /// Trains to the end, and checks the weights.
  void run() {
    Monitor monitor(options);
    run(monitor);
  }
  void run(Monitor& monitor) {
    const auto weights = training.run(&monitor);
    for (const SnapshotTicket& ticket : training.tickets) ticket.wait();
    monitor.finish();
    CHECK(weights == TinyTraining::unwatched());
  }

  /// The count that the run's rows have of an event, whatever its subject if none is named.
  std::uint64_t counted(const std::string& what, const std::string& subject = "") const {
    std::uint64_t count = 0;
    for (const auto& line : read_lines(rows())) {
      if (line["kind"] != "event" || line["what"] != what) continue;
      if (subject.empty() || line["subject"] == subject) {
        count = std::max(count, line["count"].get<std::uint64_t>());
      }
    }
    return count;
  }

  /// Statuses of a layer in the rows, by epoch, against one reference and in one stream.
  std::vector<std::string> statuses(const std::string& layer, const std::string& reference,
                                    const std::string& stream = "probe") const {
    std::vector<std::string> result;
    for (const auto& line : read_lines(rows())) {
      if (line["kind"] == "measure" && line["layer"] == layer && line["reference"] == reference &&
          line["stream"] == stream && line["measure"] == "pwcca_distance") {
        result.push_back(line["status"]);
      }
    }
    return result;
  }
};

/// Root may write anywhere, so what is to be refused is another user's, in a process of its own.
/// Returns its exit status, which is 0 if `train` says that all is well.
int status_as_nobody(const std::function<bool()>& train) {
  constexpr ::uid_t nobody = 65534;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);
    if (::geteuid() == 0 && (::setegid(nobody) != 0 || ::seteuid(nobody) != 0)) ::_exit(3);
    try {
      ::_exit(train() ? 0 : 4);
    } catch (...) {
      ::_exit(5);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("fault: none, as a measure of the others") {
  WatchedTraining watched;
  watched.run();
  CHECK(watched.statuses("first", "ref").size() == TinyTraining::epochs);
  CHECK(watched.statuses("first", "ref", "train").size() == TinyTraining::epochs - 1);
  for (const auto& line : read_lines(watched.rows())) {
    if (line["kind"] != "event" || line["what"] == "overhead") continue;
    // The last epoch's train steps come after the last snapshot.
    CHECK((line["what"] == "finished" || line["what"] == "step_discarded"));
  }
}

TEST_CASE("fault: the disk is full for a while; lines wait, the rest is lost and counted") {
  WatchedTraining watched;
  std::unique_ptr<livecca_tests::FileSizeLimit> full;
  Monitor monitor(watched.options);
  const auto checkpoint = watched.folder.path() / "checkpoint";
  std::string saved;
  watched.training.before_epoch = [&](int epoch) {
    for (const SnapshotTicket& ticket : watched.training.tickets) ticket.wait();
    if (epoch == 1) {
      CHECK(monitor.save(checkpoint));
      saved = text_of(checkpoint / "monitor.json");
    }
    if (epoch == 2) full = std::make_unique<livecca_tests::FileSizeLimit>(3000);
    if (epoch == 3) CHECK_FALSE(monitor.save(checkpoint));
    if (epoch == 4) full.reset();
  };
  watched.run(monitor);
  // How many lines came while it was full is nobody's number.
  CHECK(watched.counted("write_failed") >= 1);
  // Two epochs, in which neither layer found room.
  CHECK(watched.counted("history_failed", "first") == 2);
  CHECK(watched.counted("history_failed", "second") == 2);
  CHECK(watched.counted("checkpoint_failed", checkpoint.string()) == 1);
  CHECK(saved.size() > 100);
  CHECK(text_of(checkpoint / "monitor.json") == saved);
  CHECK(monitor.save(checkpoint));
  // No row was lost.
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
}

TEST_CASE("fault: the run folder is removed; the run begins its rows anew") {
  WatchedTraining watched;
  watched.training.before_epoch = [&](int epoch) {
    for (const SnapshotTicket& ticket : watched.training.tickets) ticket.wait();
    if (epoch == 3) std::filesystem::remove_all(watched.options.run_directory);
  };
  watched.run();
  CHECK(watched.counted("write_failed") >= 1);
  CHECK(read_lines(watched.rows()).front()["kind"] == "run");
  // Earlier rows are gone, and so is the history; what was lost is counted.
  CHECK(watched.statuses("first", "ref").size() == TinyTraining::epochs - 3);
  std::uint64_t lost = 0;
  for (const auto& line : read_lines(watched.rows())) {
    if (line["kind"] == "event" && line["what"] == "overhead") lost = line["lines_lost"];
  }
  CHECK(lost > 10);
}

TEST_CASE("fault: folders turn read-only; rows go on, the rest is lost and counted") {
  WatchedTraining watched;
  ::chmod(watched.folder.path().c_str(), 0777);
  const auto history = watched.options.run_directory / "history";
  const auto checkpoint = watched.options.run_directory / "checkpoint";
  bool saved = true;
  const int status = status_as_nobody([&] {
    watched.options.synchronous = true;
    Monitor monitor(watched.options);
    watched.training.before_epoch = [&](int epoch) {
      if (epoch == 2) ::chmod(history.c_str(), 0555);
      if (epoch == 2) ::chmod(watched.options.run_directory.c_str(), 0555);
      if (epoch == 3) saved = static_cast<bool>(monitor.save(checkpoint));
    };
    const auto weights = watched.training.run(&monitor);
    monitor.finish();
    ::chmod(watched.options.run_directory.c_str(), 0777);
    ::chmod(history.c_str(), 0777);
    return !saved && weights == TinyTraining::unwatched();
  });
  CHECK(status == 0);
  // Epochs 2 to 5.
  CHECK(watched.counted("history_failed", "first") == 4);
  CHECK(watched.counted("history_failed", "second") == 4);
  CHECK(watched.counted("checkpoint_failed", checkpoint.string()) == 1);
  CHECK(watched.counted("write_failed") == 0);
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
  CHECK(watched.statuses("second", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
}

TEST_CASE("fault: NaN and Inf activations cost their rows, or their layer") {
  WatchedTraining watched;
  watched.training.tamper = [](int epoch, int step, const std::string& layer, Eigen::MatrixXd a) {
    if (layer == "first" && epoch == 2 && step == -1) a(3, 1) = std::nan("");
    if (layer == "first" && epoch == 3) a.setConstant(INFINITY);
    return std::optional(a);
  };
  watched.run();
  CHECK(watched.statuses("first", "ref") ==
        std::vector<std::string>{"ok", "ok", "nonfinite_rows", "missing", "ok", "ok"});
  CHECK(watched.counted("nonfinite", "net/first") == 1);
  CHECK(watched.counted("nonfinite", "train: net/first") == 1);
  CHECK(watched.statuses("second", "ref")[3] == "ok");
}

TEST_CASE("fault: a tap whose width changes is another layer from the next window on") {
  WatchedTraining watched;
  watched.training.tamper = [](int epoch, int step, const std::string& layer, Eigen::MatrixXd a) {
    const bool narrow = layer == "first" && (epoch > 2 || (epoch == 2 && step >= 5));
    return std::optional(narrow ? Eigen::MatrixXd(a.leftCols(3)) : a);
  };
  watched.run();
  // When it changes within a window, and when the next one has its new width.
  CHECK(watched.counted("shape_changed", "train: net/first") == 2);
  CHECK(watched.counted("shape_changed", "net/first") == 1);
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
  CHECK(watched.statuses("first", "ref", "train") ==
        std::vector<std::string>{"ok", "ok", "missing", "ok", "ok"});
}

TEST_CASE("fault: a tap that stops coming is missing, by name, and the others go on") {
  WatchedTraining watched;
  watched.training.tamper = [](int epoch, int, const std::string& layer, Eigen::MatrixXd a) {
    return layer == "first" && epoch >= 3 ? std::nullopt : std::optional(a);
  };
  watched.run();
  CHECK(watched.statuses("first", "ref") ==
        std::vector<std::string>{"ok", "ok", "ok", "missing", "missing", "missing"});
  CHECK(watched.statuses("first", "start").back() == "missing");
  CHECK(watched.counted("missing", "net/first") == 3);
  CHECK(watched.statuses("second", "ref").back() == "ok");
}

TEST_CASE("fault: a reference's file that is truncated, or of another probe, is refused") {
  WatchedTraining watched;
  const auto pack = watched.folder.path() / "ref.safetensors";
  const Eigen::MatrixXd other_inputs = livecca_tests::normal_matrix(300, 6, 5);
  RecorderOptions as;
  as.network = "pack";
  const auto recorded = record(pack, as, [&](Recorder& recorder) {
    const Eigen::MatrixXd layer = other_inputs.leftCols(5);
    recorder.set_inputs(view_of(other_inputs));
    recorder.observe("first", Layout::nc, view_of(layer));
    recorder.end_batch();
  });
  REQUIRE_MESSAGE(recorded, recorded.why());
  std::filesystem::copy_file(pack, watched.folder.path() / "cut.safetensors");
  std::filesystem::resize_file(watched.folder.path() / "cut.safetensors", 700);
  {
    Monitor monitor(watched.options);
    CHECK(monitor.add_reference("cut", watched.folder.path() / "cut.safetensors")
              .why()
              .starts_with((watched.folder.path() / "cut.safetensors").string() + ": expected "));
    CHECK_FALSE(monitor.add_reference("none", watched.folder.path() / "none.safetensors"));
    CHECK(monitor.add_reference("other", pack));
    watched.run(monitor);
  }
  CHECK(watched.counted("reference_refused", "cut") == 1);
  CHECK(watched.counted("reference_refused", "none") == 1);
  CHECK(watched.counted("other_probe", "other") == TinyTraining::epochs);
  CHECK(watched.statuses("first", "other") ==
        std::vector<std::string>(TinyTraining::epochs, "missing"));
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
}

TEST_CASE("fault: a solve that does not converge has no value, and the next one has") {
  WatchedTraining watched;
  // Moments from elsewhere whose sums overflow: doubled until they are infinite.
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "first"}, Layout::nc);
  panel.add_tap({"ref", "first"}, Layout::nc);
  panel.add_pair(0, 1);
  const Eigen::MatrixXd huge = livecca_tests::normal_matrix(400, 5, 8).cwiseSign() * 1e150;
  {
    auto step = panel.begin();
    for (const std::size_t tap : {0U, 1U}) step.observe(tap, view_of(huge));
    step.commit();
  }
  PanelMoments moments = panel.end_window();
  for (int doubling = 0; doubling < 27; ++doubling) {
    const Moments tap = *moments.taps[0].moments;
    const CrossMoments cross = *moments.pairs[0].moments;
    for (TapMoments& other : moments.taps) other.moments->merge(tap);
    moments.pairs[0].moments->merge(cross);
  }
  watched.options.synchronous = true;
  Monitor monitor(watched.options);
  watched.training.before_epoch = [&](int epoch) {
    if (epoch != 3) return;
    auto step = monitor.begin(Stream::train, epoch);
    step.merge(moments);
    step.commit();
  };
  watched.run(monitor);
  CHECK(watched.statuses("first", "ref", "train") ==
        std::vector<std::string>{"ok", "ok", "not_converged", "ok", "ok"});
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
}

TEST_CASE("fault: the clock steps back; times of rows do not") {
  WatchedTraining watched;
  double now = 1e9;
  watched.options.synchronous = true;
  watched.training.before_epoch = [&](int epoch) { now += epoch == 3 ? -5000 : 10; };
  {
    Monitor monitor =
        livecca::MonitorForTests::begun(watched.options, {.wall_clock = [&] { return now; }});
    watched.run(monitor);
  }
  double last = 0;
  for (const auto& line : read_lines(watched.rows())) {
    CHECK(line["wall_time"].get<double>() >= last);
    last = line["wall_time"];
  }
  CHECK(last == 1e9 + 30);
  CHECK(watched.counted("clock_stepped_back") >= 1);
}

TEST_CASE("fault: callbacks that throw are counted, and everything is written") {
  WatchedTraining watched;
  watched.options.on_snapshot = [](const SnapshotReport&) { throw std::runtime_error("mine"); };
  watched.options.on_event = [](const Event&) { throw 7; };
  watched.options.train_schedule =
      Schedule::when([](const Progress&) -> bool { throw std::runtime_error("also mine"); });
  watched.training.tamper = [](int epoch, int, const std::string& layer, Eigen::MatrixXd a) {
    return layer == "first" && epoch == 1 ? std::nullopt : std::optional(a);
  };
  {
    Monitor monitor(watched.options);
    watched.training.before_epoch = [&](int epoch) {
      CHECK_FALSE(monitor.begin_if_due(Stream::train, epoch));
    };
    watched.run(monitor);
  }
  CHECK(watched.counted("callback_failed", "on_snapshot") == TinyTraining::epochs);
  CHECK(watched.counted("callback_failed", "on_event") >= 1);
  CHECK(watched.counted("callback_failed", "train schedule") == TinyTraining::epochs);
  CHECK(watched.statuses("first", "ref").size() == TinyTraining::epochs);
}

TEST_CASE("fault: the queue is full; train steps are dropped whole and counted, the probe waits") {
  WatchedTraining watched;
  watched.options.queue_steps = 2;
  std::promise<void> first_solved;
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  // Solves stand still until the gate opens, and soon so does what waits for them.
  std::once_flag once;
  const TestKnobs knobs{.before_solve = [&, opened] {
    std::call_once(once, [&] { first_solved.set_value(); });
    opened.wait();
  }};
  std::thread opener([&] {
    first_solved.get_future().wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    gate.set_value();
  });
  Monitor monitor = livecca::MonitorForTests::begun(watched.options, knobs);
  watched.run(monitor);
  opener.join();
  CHECK(watched.counted("step_dropped", "train") > 0);
  CHECK(watched.statuses("first", "ref") == std::vector<std::string>(TinyTraining::epochs, "ok"));
  CHECK(sum_of_overhead<double>(watched.rows(), "wait_seconds") > 0.01);
}
