#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include "livecca/common/error.hpp"
#include "livecca/monitor/schedule.hpp"

using namespace livecca;

namespace {

/// The steps, of those called, at which it is due.
std::vector<std::uint64_t> due_steps(Schedule schedule, const std::vector<std::uint64_t>& steps) {
  std::vector<std::uint64_t> due;
  for (const std::uint64_t step : steps) {
    if (schedule.claim({.step = step})) due.push_back(step);
  }
  return due;
}

std::vector<std::uint64_t> steps_until(std::uint64_t last) {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t step = 0; step <= last; ++step) steps.push_back(step);
  return steps;
}

using Steps = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE(
    "every few steps: at the first call, and once after a gap or for a step that comes again") {
  CHECK(due_steps(Schedule::every_steps(10), steps_until(35)) == Steps{0, 10, 20, 30});
  CHECK(due_steps(Schedule::every_steps(1), steps_until(3)) == Steps{0, 1, 2, 3});
  CHECK(due_steps(Schedule::every_steps(10), {0, 0, 5, 47, 48, 49, 50, 51, 50, 60}) ==
        Steps{0, 47, 50, 60});
  CHECK(due_steps(Schedule::every_steps(10), {7, 8, 16, 17, 3, 27}) == Steps{7, 17, 27});
}

TEST_CASE("log-spaced: each power's steps, evenly, and the first call") {
  CHECK(due_steps(Schedule::log_spaced(3), steps_until(500)) ==
        Steps{0, 1, 2, 5, 10, 22, 46, 100, 215, 464});
  CHECK(due_steps(Schedule::log_spaced(1), steps_until(1000)) == Steps{0, 1, 10, 100, 1000});
  CHECK(due_steps(Schedule::log_spaced(50), {1, 1, 2, 3, 900, 900, 1000000}) ==
        Steps{1, 2, 3, 900, 1000000});
  CHECK(due_steps(Schedule::log_spaced(1), {1000, 9999, 10000}) == Steps{1000, 10000});
}

TEST_CASE("every few epochs: once each, also if an epoch repeats or the count begins at 1") {
  Schedule schedule = Schedule::every_epochs(2);
  std::vector<std::int64_t> due;
  for (const std::int64_t epoch : {1, 1, 2, 2, 3, 3, 2, 3, 4, 5, 9, 10, 11}) {
    if (schedule.claim({.epoch = epoch})) due.push_back(epoch);
  }
  CHECK(due == std::vector<std::int64_t>{1, 3, 5, 9, 11});
}

TEST_CASE("steps and epochs at the ends of their ranges overflow nothing") {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  Schedule epochs = Schedule::every_epochs(2);
  CHECK(epochs.claim({.epoch = Limits::min()}));
  CHECK_FALSE(epochs.claim({.epoch = Limits::min() + 1}));
  CHECK(epochs.claim({.epoch = 0}));
  CHECK(epochs.claim({.epoch = Limits::max()}));
  CHECK_FALSE(epochs.claim({.epoch = Limits::min()}));
  CHECK(due_steps(Schedule::every_steps(10), {last - 1, last, 5}) == Steps{last - 1});
  CHECK(due_steps(Schedule::every_steps(Limits::max()), {0, last / 2, last}) == Steps{0});
  CHECK(due_steps(Schedule::every_steps(1), {last / 2 - 2, last / 2 - 1, last}) ==
        Steps{last / 2 - 2, last / 2 - 1, last});
  CHECK(due_steps(Schedule::log_spaced(1), {1, last / 2, last}) == Steps{1, last / 2, last});
  Schedule seconds = Schedule::every_seconds(1e-300);
  CHECK(seconds.claim({.seconds = -1e300}));
  CHECK(seconds.claim({.seconds = 1e300}));
}

TEST_CASE("every few seconds: a clock that steps back or is no number costs no point") {
  Schedule schedule = Schedule::every_seconds(10);
  const auto due = [&](double seconds) { return schedule.claim({.seconds = seconds}); };
  CHECK(due(100));
  CHECK_FALSE(due(109));
  CHECK(due(110));
  CHECK_FALSE(due(20));  // 10 s have passed, and from here on they are counted
  CHECK_FALSE(due(std::numeric_limits<double>::quiet_NaN()));
  CHECK_FALSE(due(29));
  CHECK(due(31));
  CHECK(due(99));  // one for the points at 40, …, 90
  CHECK_FALSE(due(99.5));
  CHECK(due(100.5));
}

TEST_CASE("a predicate decides alone; if it throws, it is not due and says why") {
  Schedule schedule = Schedule::when([](const Progress& now) {
    if (now.step == 2) throw std::runtime_error("no such file");
    if (now.step == 3) throw 3;
    return now.epoch == 1;
  });
  CHECK(schedule.failure().empty());
  CHECK(schedule.claim({.step = 1, .epoch = 1}));
  CHECK_FALSE(schedule.claim({.step = 1, .epoch = 0}));
  CHECK_FALSE(schedule.claim({.step = 2, .epoch = 1}));
  CHECK(schedule.failure() == "no such file");
  CHECK_FALSE(schedule.claim({.step = 3, .epoch = 1}));
  CHECK(schedule.failure() == "something that is no std::exception");
  CHECK(schedule.claim({.step = 4, .epoch = 1}));
  CHECK_FALSE(Schedule::never().claim({}));
}

TEST_CASE("impossible schedules are refused") {
  CHECK_THROWS_WITH_AS(Schedule::every_steps(0), "schedule: expected steps above 0, got 0", Error);
  CHECK_THROWS_AS(Schedule::every_steps(-3), Error);
  CHECK_THROWS_AS(Schedule::every_epochs(0), Error);
  CHECK_THROWS_AS(Schedule::every_seconds(0), Error);
  CHECK_THROWS_AS(Schedule::every_seconds(std::numeric_limits<double>::infinity()), Error);
  CHECK_THROWS_AS(Schedule::log_spaced(0), Error);
  CHECK_THROWS_AS(Schedule::when(nullptr), Error);
}

TEST_CASE("a restored schedule goes on as if uninterrupted") {
  const std::vector<Schedule> schedules{
      Schedule::every_steps(7),
      Schedule::every_epochs(2),
      Schedule::every_seconds(0.3),
      Schedule::log_spaced(4),
      Schedule::never(),
      Schedule::when([](const Progress& now) { return now.step % 5 == 0; })};
  const auto at = [](std::uint64_t step) {
    return Progress{step, static_cast<std::int64_t>(step / 10), 0.1 * static_cast<double>(step)};
  };
  for (const Schedule& fresh : schedules) {
    CAPTURE(fresh.text());
    for (std::uint64_t cut = 0; cut < 100; cut += 9) {
      Schedule uninterrupted = fresh;
      for (std::uint64_t step = 3; step < cut; ++step)
        static_cast<void>(uninterrupted.claim(at(step)));
      Schedule restored = fresh;
      REQUIRE(restored.restore(uninterrupted.state()));
      CHECK(restored.state() == uninterrupted.state());
      for (std::uint64_t step = cut; step < 130; ++step) {
        CHECK(restored.claim(at(step)) == uninterrupted.claim(at(step)));
      }
    }
  }
}

TEST_CASE("a state of another schedule, or none, is refused and changes nothing") {
  Schedule schedule = Schedule::every_steps(10);
  static_cast<void>(schedule.claim({.step = 5}));
  const std::string before = schedule.state();
  CHECK_FALSE(schedule.restore(Schedule::every_steps(20).state()));
  CHECK_FALSE(schedule.restore(Schedule::every_epochs(10).state()));
  CHECK_FALSE(schedule.restore(""));
  CHECK_FALSE(schedule.restore("[1]"));
  CHECK_FALSE(schedule.restore(before.substr(0, before.size() / 2)));
  CHECK(schedule.state() == before);
}

TEST_CASE("schedules say what they are") {
  CHECK(Schedule::never().text() == "never");
  CHECK(Schedule::every_steps(10).text() == "every 10 steps");
  CHECK(Schedule::every_epochs(1).text() == "every epoch");
  CHECK(Schedule::every_seconds(0.5).text() == "every 0.5 seconds");
  CHECK(Schedule::log_spaced(4).text() == "4 a decade of steps");
  CHECK(Schedule::when([](const Progress&) { return true; }).text() == "predicate");
}
