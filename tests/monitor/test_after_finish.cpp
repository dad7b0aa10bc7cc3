// What comes between the last snapshot and finish(), and after it.

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "report_events.hpp"
#include "scripted_training.hpp"
#include "support/temporary_folder.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::comparable_rows;
using livecca_tests::has_event_saying;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::ScriptedTraining;
using livecca_tests::TemporaryFolder;
using livecca_tests::WatchedPair;

TEST_CASE("a step that is committed after finish() is dropped, and the user is told") {
  for (const bool synchronous : {false, true}) {
    CAPTURE(synchronous);
    std::vector<Event> told;
    {
      WatchedPair pair([&](MonitorOptions& options) {
        options.synchronous = synchronous;
        options.on_event = [&](const Event& event) { told.push_back(event); };
      });
      const Eigen::MatrixXd x = normal_matrix(20, 3, 1);
      auto step = pair.observed(Stream::train, 3, view_of(x), view_of(x));
      pair.monitor.finish();
      step.commit();
    }
    const auto late = std::ranges::find_if(told, [](const Event& event) {
      return event.what == "after_finish" && event.subject == "train";
    });
    REQUIRE(late != told.end());
    CHECK(late->epoch == 3);
  }
}

TEST_CASE("steps that began and did not end after the last snapshot are told at the end") {
  WatchedPair pair;
  const Eigen::MatrixXd x = normal_matrix(20, 3, 1);
  pair.train_step(x, x);
  pair.monitor.snapshot(0);
  pair.train_step(x, x);
  for (int i = 0; i < 3; ++i) pair.observed(Stream::train, 1, view_of(x), view_of(x));
  pair.observed(Stream::probe, 1, view_of(x), view_of(x));
  const SnapshotReport report = pair.monitor.finish();
  CHECK(has_event_saying(report, "step_discarded",
                         "1 steps came after the last snapshot; they are in none; 3 steps after "
                         "the last snapshot began and did not end"));
  const auto of_probe = std::ranges::find_if(report.events, [](const Event& event) {
    return event.what == "step_discarded" && event.subject == "probe";
  });
  REQUIRE(of_probe != report.events.end());
  CHECK(of_probe->message == "1 steps after the last snapshot began and did not end");
}

TEST_CASE("a run that goes on from a checkpoint of after finish() has nothing of that end") {
  const TemporaryFolder folder;
  constexpr int cut = 23;  // after the last snapshot before it there are steps that finish() tells
  constexpr int end = 46;
  const MonitorOptions straight = ScriptedTraining::options_in(folder.path() / "straight");
  const MonitorOptions options = ScriptedTraining::options_in(folder.path() / "resumed");
  {
    Monitor monitor(straight);
    ScriptedTraining(monitor).play(0, end);
    monitor.finish();
  }
  {
    Monitor monitor(options);
    ScriptedTraining(monitor).play(0, cut);
    REQUIRE_FALSE(monitor.finish().measures.empty());
    REQUIRE(monitor.save(folder.path() / "checkpoint"));
  }
  {
    Monitor monitor(options, folder.path() / "checkpoint");
    ScriptedTraining(monitor).play(cut, end);
    monitor.finish();
  }
  const auto expected = comparable_rows(straight);
  const auto got = comparable_rows(options);
  CHECK(expected.size() == got.size());
  const auto [a, b] = std::ranges::mismatch(expected, got);
  if (a != expected.end() && b != got.end()) CHECK(*a == *b);
}
