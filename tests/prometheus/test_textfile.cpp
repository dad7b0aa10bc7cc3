#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "livecca/sinks/prometheus.hpp"
#include "made_up_rows.hpp"
#include "support/file_text.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca_tests;
using livecca::prometheus_textfile_sink;

namespace fs = std::filesystem;

namespace {

const livecca::SinkRun first_line{.name = "first", .folder = ""};

}  // namespace

TEST_CASE("a text file whose name node_exporter would pass over is refused") {
  for (const char* name : {"metrics.txt", "prom", ".prom", ""}) {
    CHECK(message_of([&] { prometheus_textfile_sink(name); }) ==
          std::string("prometheus textfile: expected a file whose name ends in .prom, got: ") +
              name);
  }
  CHECK(prometheus_textfile_sink("run.prom")->name() == "prometheus textfile");
}

TEST_CASE("the text file is the page that could be scraped, whole, and alone in its folder") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "run.prom";
  const auto sink = prometheus_textfile_sink(file);
  livecca::PrometheusSink listening({.port = 0});
  const auto both = [&](const std::function<void(livecca::Sink&)>& call) {
    call(*sink);
    call(listening);
    CHECK(text_of(file) == listening.page());
    CHECK(files_in(folder.path()).size() == 1);
  };
  both([](auto& one) { one.open(first_line); });
  both([](auto& one) { one.run(run_row("net"), {.step = 7}); });
  both([](auto& one) { one.snapshot(snapshot_rows(1, {"fc"}), {.wall_time = 10}); });
  both([](auto& one) { one.log({.epoch = 1, .name = "loss", .value = 0.5}, {}); });
  both([](auto& one) { one.event(event_of("missing", "net/fc"), {}); });
  both([](auto& one) { one.close(); });
  CHECK(text_of(file).find("livecca_run_closed{run=\"first\"} 1\n") != std::string::npos);
}

TEST_CASE(
    "a text file that cannot be written is told, and a call made again counts nothing twice") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "missing" / "run.prom";
  const auto sink = prometheus_textfile_sink(file);
  const auto open = [&] { sink->open(first_line); };
  const auto snapshot = [&] { sink->snapshot(snapshot_rows(1, {"fc"}), {.wall_time = 10}); };
  const std::string expected =
      file.string() + ": expected to write, got: No such file or directory";
  CHECK(message_of(open) == expected);
  CHECK(message_of(open) == expected);
  fs::create_directory(file.parent_path());
  open();
  fs::remove_all(file.parent_path());
  CHECK(message_of(snapshot) == expected);
  CHECK(message_of(snapshot) == expected);
  fs::create_directory(file.parent_path());
  snapshot();
  CHECK(text_of(file).find("livecca_train_steps_observed_total{run=\"first\"} 20\n") !=
        std::string::npos);
  CHECK(text_of(file).find("livecca_measure{") != std::string::npos);
}

TEST_CASE("close() of a text file that was not opened leaves what lies there") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "run.prom";
  write_text(file, "of another run\n");
  prometheus_textfile_sink(file)->close();
  CHECK(text_of(file) == "of another run\n");
}

TEST_CASE("a text file that is opened again begins anew, and is closed once") {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "run.prom";
  const auto sink = prometheus_textfile_sink(file);
  sink->open({.name = "refused", .folder = ""});
  sink->snapshot(snapshot_rows(1, {"fc"}), {.wall_time = 10, .step = 100});
  sink->close();
  sink->open(first_line);
  const auto fresh = prometheus_textfile_sink(folder.path() / "fresh.prom");
  fresh->open(first_line);
  CHECK(text_of(file) == text_of(folder.path() / "fresh.prom"));
  sink->close();
  write_text(file, "of another run\n");
  sink->close();
  CHECK(text_of(file) == "of another run\n");
}
