#include "livecca/common/executor.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "livecca/common/error.hpp"

using namespace livecca;

TEST_CASE("every index of a loop runs exactly once, on both lanes, with any number of threads") {
  for (const int threads : {1, 2, 4}) {
    Executor executor(threads);
    CHECK(executor.concurrency() == threads);
    for (const Lane lane : {Lane::training, Lane::solve}) {
      std::vector<std::atomic<int>> runs(1000);
      executor.parallel_for(lane, runs.size(), [&](std::size_t i) { ++runs[i]; });
      bool once = true;
      for (const auto& count : runs) once &= count == 1;
      CHECK(once);
    }
  }
}

TEST_CASE("an exception of a task reaches the caller") {
  Executor executor(2);
  CHECK_THROWS_AS(executor.parallel_for(Lane::solve, 10,
                                        [](std::size_t i) {
                                          if (i == 7) throw std::runtime_error("seven");
                                        }),
                  std::runtime_error);
}

TEST_CASE("jobs run in order, off the calling thread, and drain waits for them") {
  std::vector<int> order;
  Executor executor(2);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  executor.submit(Lane::solve, [&, opened] { opened.wait(); });
  for (int i = 0; i < 5; ++i) executor.submit(Lane::solve, [&order, i] { order.push_back(i); });
  gate.set_value();
  executor.drain(Lane::solve);
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a training loop does not wait for the tasks of a solve") {
  Executor executor(1);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::promise<void> begun;
  executor.submit(Lane::solve, [&, opened] {
    executor.parallel_for(Lane::solve, 1, [&](std::size_t) {
      begun.set_value();
      opened.wait();
    });
  });
  begun.get_future().wait();
  int runs = 0;
  // Hangs, and fails by its time limit, if the lanes shared their one slot.
  executor.parallel_for(Lane::training, 3, [&](std::size_t) { ++runs; });
  CHECK(runs == 3);
  gate.set_value();
  executor.drain(Lane::solve);
}

TEST_CASE("a lane takes no more unfinished jobs than it is told, and waits only if asked to") {
  Executor executor(1);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> done{0};
  const auto job = [&, opened] {
    opened.wait();
    ++done;
  };
  CHECK(executor.try_submit(Lane::training, job, 2));
  CHECK(executor.try_submit(Lane::training, job, 2));
  CHECK_FALSE(executor.try_submit(Lane::training, job, 2));
  CHECK(executor.try_submit(Lane::solve, job, 1));  // the other lane has its own
  std::thread opener([&] { gate.set_value(); });
  executor.submit(Lane::training, job, 2);  // waits for a place
  opener.join();
  CHECK(done >= 1);
  executor.drain(Lane::training);
  executor.drain(Lane::solve);
  CHECK(done == 4);
}

TEST_CASE("the executor waits for its jobs when it goes, and refuses negative threads") {
  std::atomic<int> done{0};
  {
    Executor executor(1);
    for (int i = 0; i < 3; ++i) executor.submit(Lane::solve, [&] { ++done; });
  }
  CHECK(done == 3);
  CHECK_THROWS_AS(Executor(-1), Error);
}
