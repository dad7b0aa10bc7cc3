#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "livecca/common/error.hpp"
#include "support/json_lines.hpp"
#include "support/random_data.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::sum_of_overhead;
using livecca_tests::WatchedPair;

namespace {

constexpr std::uint64_t queue_seed = 4242;

}  // namespace

TEST_CASE("a full queue drops whole train steps, counts them, and lets the probe wait") {
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  WatchedPair pair([](MonitorOptions& options) { options.queue_steps = 2; },
                   {.before_solve = [opened] { opened.wait(); }});
  const Eigen::MatrixXd x = normal_matrix(40, 3, queue_seed);
  std::vector<SnapshotTicket> tickets;
  // One solve waits at the gate, the next behind it; livecca's thread waits with the third.
  for (int i = 0; i < 3; ++i) {
    pair.train_step(x, x);
    tickets.push_back(pair.monitor.snapshot(i));
  }
  for (int i = 0; i < 10; ++i) pair.train_step(x, x);
  auto step = pair.observed(Stream::probe, 3, view_of(x), view_of(x));
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    gate.set_value();
  });
  step.commit();
  const SnapshotReport report = pair.monitor.snapshot(3).wait();
  opener.join();
  CHECK(report.wait_seconds > 0.01);
  CHECK(report
            .find({.layer = "fc",
                   .reference = "ref",
                   .measure = "pwcca_distance",
                   .stream = Stream::probe})
            ->samples == 40);
  pair.monitor.finish();
  std::uint64_t events = 0;
  for (const auto& line : read_lines(pair.rows())) {
    if (line["kind"] == "event" && line["what"] == "step_dropped") events = line["count"];
  }
  const auto dropped = sum_of_overhead<std::uint64_t>(pair.rows(), "train_steps_dropped");
  CHECK(dropped > 0);
  CHECK(dropped == events);
  CHECK(sum_of_overhead<std::uint64_t>(pair.rows(), "train_steps_observed") + dropped == 13);
}
