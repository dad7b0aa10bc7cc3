#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <string>

#include "common/files/descriptor.hpp"
#include "common/files/writer_lock.hpp"
#include "index/growing_runs.hpp"
#include "serve/answers/run_answer.hpp"
#include "served_folder.hpp"

#include <fcntl.h>

using namespace livecca_tests;

namespace fs = std::filesystem;

TEST_CASE_FIXTURE(ServedFolder, "a file that grows is served as it grows, without its torn tail") {
  begin("first");
  serve();
  wait_for_lines("first", 1);
  CHECK(of_run("first").at("layers").empty());
  CHECK(of_run("first", "/curves").at("layers").empty());
  add("first", measure_row(0, "fc", 0.5));
  wait_for_lines("first", 2);
  CHECK(of_run("first", "/curves").at("layers")[0].at("value") == Json{0.5});
  const std::string line = livecca::to_json(measure_row(1, "fc", 0.25), "first", 1010) + "\n";
  add_text("first", line.substr(0, 100));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(of_run("first").at("lines") == 2);
  add_text("first", line.substr(100));
  wait_for_lines("first", 3);
  CHECK(of_run("first", "/curves").at("layers")[0].at("value") == Json{0.5, 0.25});
  CHECK(of_run("first", "/row/3").at("value") == 0.25);
}

TEST_CASE_FIXTURE(ServedFolder, "a file begun anew or cut back is read anew") {
  begin("first");
  for (int epoch = 0; epoch < 5; ++epoch) add("first", measure_row(epoch, "fc", 0.5));
  serve();
  wait_for_lines("first", 6);
  const auto rows = run("first") / "rows.jsonl";
  const auto cut = fs::file_size(rows) - 10;
  fs::resize_file(rows, cut);
  wait_for_lines("first", 5);
  CHECK(of_run("first", "/curves").at("layers")[0].at("value").size() == 4);
  fs::resize_file(rows, 0);
  wait_for_lines("first", 0);
  add("first", measure_row(7, "conv", 0.75));
  wait_for_lines("first", 1);
  CHECK(of_run("first", "/curves").at("layers")[0].at("layer") == "conv");
  CHECK(get("/api/v1/runs/" + id_of("first") + "/row/4").status == 404);
}

TEST_CASE_FIXTURE(ServedFolder, "runs that appear are served, those that are removed are gone") {
  serve();
  CHECK(runs().empty());
  begin("first");
  REQUIRE(soon([&] { return runs().size() == 1; }));
  begin("second");
  REQUIRE(soon([&] { return runs().size() == 2; }));
  const std::string id = id_of("first");
  fs::remove_all(run("first"));
  REQUIRE(soon([&] { return runs().size() == 1; }));
  CHECK(get("/api/v1/runs/" + id).status == 404);
  CHECK(runs()[0].at("name") == "second");
  fs::remove(run("second") / "rows.jsonl");
  REQUIRE(soon([&] { return runs().empty(); }));
}

TEST_CASE_FIXTURE(ServedFolder, "a folder that cannot be listed for now keeps its runs") {
  begin("runs/first");
  const fs::path link = run("link");
  fs::create_directory_symlink(run("runs"), link);
  serve("", {link.string()});
  REQUIRE(soon([&] { return runs().size() == 1; }));
  fs::create_directory_symlink(link, run("loop"));
  fs::rename(run("loop"), link);  // leads to itself
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  CHECK(runs().size() == 1);
  fs::remove(link);
  CHECK(soon([&] { return runs().empty(); }));
}

TEST_CASE_FIXTURE(ServedFolder, "the newest run is the first, and a run may be given by its file") {
  begin("old");
  begin("new");
  serve("", {run("old").string(), (run("new") / "rows.jsonl").string(), path()});
  wait_for_lines("old", 1);
  wait_for_lines("new", 1);
  REQUIRE(runs().size() == 2);
  CHECK(runs()[0].at("name") == "new");
}

TEST_CASE_FIXTURE(ServedFolder, "lines that are no rows are counted, and cannot be asked for") {
  begin("first");
  add_text("first", "secret\n{\"kind\":\"measure\"}\n");
  add("first", measure_row(0, "fc", 0.5));
  serve();
  wait_for_lines("first", 4);
  CHECK(get("/api/v1/runs/" + id_of("first") + "/row/2").status == 404);
  CHECK(get("/api/v1/runs/" + id_of("first") + "/row/3").status == 404);
  CHECK(of_run("first", "/row/4").at("layer") == "fc");
  CHECK(of_run("first", "/curves").at("layers")[0].at("line") == Json{4});
}

TEST_CASE_FIXTURE(ServedFolder,
                  "a run is live while its writer holds the file, and silent without") {
  begin("first");  // long ago
  livecca::Descriptor file(::open((run("first") / "rows.jsonl").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(livecca::lock_for_writing(file.number()));
  serve();
  wait_for_lines("first", 1);
  const auto state = [&] { return of_run("first").at("state").get<std::string>(); };
  CHECK(soon([&] { return state() == "live"; }));
  CHECK(of_run("first").at("writer_gone") == false);
  livecca::close_locked(file.release());
  CHECK(soon([&] { return state() == "silent"; }));
  CHECK(of_run("first").at("writer_gone") == true);
  finish("first");
  CHECK(soon([&] { return state() == "finished"; }));
}

TEST_CASE_FIXTURE(ServedFolder, "a lock that is free says nothing of a run whose rows still come") {
  wall_time = livecca::tool::unix_now() - 5;
  begin("far");  // as over a network, where its lock is not seen
  begin("here");
  livecca::Descriptor file(::open((run("here") / "rows.jsonl").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(livecca::lock_for_writing(file.number()));
  serve();
  for (const char* name : {"far", "here"}) wait_for_lines(name, 1);
  livecca::close_locked(file.release());
  // Its lock was seen, so that one is free tells at once.
  CHECK(soon([&] { return of_run("here").at("state") == "silent"; }));
  CHECK(of_run("here").at("writer_gone") == true);
  CHECK(of_run("far").at("state") == "live");
  CHECK(of_run("far").at("writer_gone") == false);
}

namespace {

/// A run that is read in several parts.
class LongFolder : public ServedFolder {
 public:
  void add_long(const std::string& name, int epochs) {
    std::string text;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      text += livecca::to_json(measure_row(epoch, "fc", 0.5), name, wall_time++) + "\n";
      if (epoch % 1000 == 0) {
        text += livecca::to_json(verdict_row(epoch, "fc", "moving"), name, wall_time) + "\n";
      }
    }
    add_text(name, text);
  }
};

}  // namespace

TEST_CASE_FIXTURE(LongFolder,
                  "until a long run is read its latest state is told, and how much is read") {
  using livecca::tool::GrowingRun;
  begin("long");
  add_long("long", 20'000);
  GrowingRun run(fs::canonical(ServedFolder::run("long")), "long");
  CHECK(run.read_ends());
  const auto told = [&] {
    Json json;
    run.look_at_latest([&](const livecca::tool::RunIndex& index, std::uint64_t lines) {
      json = Json::parse(livecca::tool::text_of(run_answer(run, index, lines)));
    });
    return json;
  };
  CHECK(told().at("read") == 0);
  CHECK(run.read_part().is_read);
  const Json early = told();
  CHECK(early.at("read") > 0.1);
  CHECK(early.at("read") < 0.9);
  CHECK(early.at("epoch") == 19'999);
  CHECK(early.at("verdict_history").empty());
  while (run.read_part().is_read) {
  }
  CHECK(told().at("read") == 1);
  CHECK(told().at("verdict_history").size() == 1);
  add("long", measure_row(20'000, "fc", 0.5));
  CHECK(run.read_part().is_read);
  CHECK(told().at("read") == 1);
}

TEST_CASE_FIXTURE(LongFolder, "the run that is asked for is read before others are") {
  add_long("first", 60'000);
  for (const char* name : {"second", "third"}) {
    fs::create_directory(run(name));
    fs::create_hard_link(run("first") / "rows.jsonl", run(name) / "rows.jsonl");
  }
  livecca::tool::GrowingRuns runs({path()});
  const auto all = runs.all();
  REQUIRE(all.size() == 3);
  const auto& asked = all.back();  // whose turn comes last
  asked->ask();
  std::promise<std::size_t> others_read;
  bool is_told = false;
  const auto on_news = [&](livecca::tool::GrowingRun&) {
    if (is_told || asked->share_read() < 1) return;
    is_told = true;
    others_read.set_value(static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const auto& one) { return one != asked && one->share_read() == 1; })));
  };
  runs.start({.on_news = on_news,
              .on_anew = [](const std::string&) {},
              .on_gone = [](const std::string&) {},
              .on_quiet = [] {}});
  CHECK(others_read.get_future().get() == 0);
  runs.stop();
}

TEST_CASE_FIXTURE(ServedFolder, "a folder of 20,000 rows is decimated, and its spike stays") {
  begin("long");
  std::string text;
  for (int epoch = 0; epoch < 1000; ++epoch) {
    for (int layer = 0; layer < 20; ++layer) {
      const double value = epoch == 567 && layer == 13 ? 0.99 : 0.5 + 0.0001 * (epoch % 10);
      text += livecca::to_json(measure_row(epoch, "layer" + std::to_string(layer), value), "long",
                               wall_time++) +
              "\n";
    }
  }
  add_text("long", text);
  serve();
  // At once, from the end of the file: before it is read to the end.
  REQUIRE(soon([&] { return !runs()[0].at("epoch").is_null(); }));
  CHECK(runs()[0].at("epoch") == 999);
  CHECK(of_run("long").at("epoch") == 999);
  CHECK(of_run("long").at("facts").at("network") == "net");
  wait_for_lines("long", 20'001);
  CHECK(of_run("long").at("epoch") == 999);
  for (const char* view :
       {"width=50", "width=1&x=step", "width=300&log=1&x=time", "width=20&from=500&to=700"}) {
    CAPTURE(view);
    const Json curves = of_run("long", std::string("/curves?") + view);
    CHECK(curves.at("decimated") == true);
    REQUIRE(curves.at("layers").size() == 20);
    const Json values = curves.at("layers")[13].at("value");
    CHECK(values.size() < 1000);
    CHECK(std::ranges::count(values, Json(0.99)) == 1);
  }
  CHECK(of_run("long").at("layers")[13].at("numbers")[0].at("spark").size() <= 40);
  const Json all = of_run("long", "/curves?since=0");
  CHECK(all.at("decimated") == false);
  CHECK(all.at("layers")[0].at("x").size() == 1000);
}

TEST_CASE("runs and options that cannot be used are refused in a line") {
  const auto message = [](livecca::tool::ServeOptions options) -> std::string {
    try {
      const livecca::tool::PageServer server(options);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  const RunsFolder folder;
  CHECK(message({.runs = {}}) == "RUNS: expected one or more, got none");
  CHECK(message({.runs = {"/nowhere"}}) ==
        "RUNS: expected a run's folder or a folder of runs, got '/nowhere', which is not there");
  CHECK(message({.runs = {"/dev/null"}}).ends_with("which is none"));
  CHECK(
      message({.runs = {folder.path()}, .address = "0.0.0.0"}) ==
      "--host: expected --token TEXT with an address that others can reach, got '0.0.0.0' without "
      "one");
  CHECK(message({.runs = {folder.path()}, .token = "short"}) ==
        "--token: expected 16 to 512 characters, got 5");
  CHECK(message({.runs = {folder.path()}, .token = "a token with spaces"}).find("without spaces") !=
        std::string::npos);
  CHECK(message({.runs = {folder.path()}, .port = 70000}).starts_with("--port: expected"));
  CHECK(message({.runs = {folder.path()}, .address = "127.0.0.1", .port = 0}).empty());
}
