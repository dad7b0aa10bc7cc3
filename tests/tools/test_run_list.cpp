#include <doctest/doctest.h>

#include <fcntl.h>

#include <string>

#include "common/files/writer_lock.hpp"
#include "index/run_state.hpp"
#include "program.hpp"
#include "runs_folder.hpp"
#include "show_fixture.hpp"

using namespace livecca_tests;

namespace {

class ListedRuns : public ProgramFixture {
 public:
  /// A run with one layer that has settled at epoch 2, of which nothing says that it ended.
  void add(const std::string& name, double began) {
    folder.wall_time = began;
    folder.begin(name);
    for (int epoch = 0; epoch < 3; ++epoch) {
      folder.add(name, measure_row(epoch, "conv1", 0.5));
      folder.add(name, verdict_row(epoch, "conv1", "settled"));
    }
  }

  RunsFolder folder;
};

}  // namespace

TEST_CASE_FIXTURE(ListedRuns, "several runs are listed: those that go on, then the latest ones") {
  add("old", 1000);
  folder.finish("old");
  add("died", 5000);
  add("live", 3000);
  const std::string file = (folder.run("live") / "rows.jsonl").string();
  const int writer = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(livecca::lock_for_writing(writer));
  const Outcome listed = run({"show", folder.path(), "--width", "80"});
  livecca::close_locked(writer);
  CAPTURE(listed.out);
  CHECK(listed.exit_code == 0);
  const std::size_t live = listed.out.find("live  epoch 2  live, last row ");
  const std::size_t died = listed.out.find("died  epoch 2  died, or without finish(), last row ");
  const std::size_t old = listed.out.find("old   epoch 2  finished, last row ");
  CHECK(live == 0);
  CHECK(live < died);
  CHECK(died < old);
  REQUIRE(old != std::string::npos);
  const std::string sentence = "\n  At the end (epoch 2), the only layer has settled";
  CHECK(has(listed.out.substr(old), sentence));
}

TEST_CASE_FIXTURE(ListedRuns, "a listed run has its earlier alarms and its record below it") {
  add("run", 1000);
  folder.add("run", verdict_row(3, "conv1", "dead"));
  folder.add("run", verdict_row(4, "conv1", "moving"));
  livecca::VerdictRecordRow record;
  record.held = 4;
  record.early = 1;
  folder.add("run", record);
  folder.finish("run");
  const std::string text = table({"show", folder.path()});
  CHECK(has(text, "\n  earlier alarms: conv1 dead (epoch 3)\n"));
  CHECK(has(text, "\n  \"settled\" was right in 4 of 5 cases"));
}

TEST_CASE_FIXTURE(ListedRuns,
                  "one run in a folder of runs is listed; a run's own folder is drawn") {
  add("only", 1000);
  CHECK(has(table({"show", folder.path()}), "only  epoch 2  died"));
  const std::string drawn = table({"show", folder.run("only").string(), "--width", "200"});
  CHECK(has(drawn, "pwcca_distance"));
  CHECK(has(drawn, ", its process died or did not call finish()\n"));
}

TEST_CASE_FIXTURE(ListedRuns, "what is of one run only is refused for several") {
  add("one", 1000);
  add("other", 1000);
  refuses({"show", folder.path(), "--follow"}, {"--follow: expected one run", "livecca serve"});
  refuses({"show", folder.path(), "--layer", "fc*"}, {"--layer: expected one run"});
  refuses({"show", folder.path(), "/nowhere"}, {"RUNS", "/nowhere"});
}

TEST_CASE_FIXTURE(ListedRuns,
                  "a run whose rows still come has not died, though nobody is seen to hold it") {
  add("far", livecca::tool::unix_now() - 10);
  add("slow", 1000);
  CHECK(has(table({"show", folder.path()}), "far   epoch 2  live, last row "));
  const std::string drawn = table({"show", folder.run("far").string(), "--width", "200"});
  CHECK_FALSE(has(drawn, "its process died"));
}

TEST_CASE("a run is silent after five of its usual pauses") {
  livecca::tool::RunRows rows;
  for (int epoch = 0; epoch < 10; ++epoch) {
    rows.add(
        {.run = "run", .wall_time = 1000 + 600.0 * epoch, .row = measure_row(epoch, "fc", 0.5)});
  }
  CHECK(rows.usual_pause() == 600);
  const livecca::tool::WriterWatch nobody;
  const double last = rows.wall_time;
  CHECK(state_of(rows, nobody, last + 2999) == livecca::tool::RunState::live);
  CHECK(state_of(rows, nobody, last + 3001) == livecca::tool::RunState::silent);
}
