#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "livecca/common/error.hpp"
#include "support/json_lines.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "watched_pair.hpp"

using namespace livecca;
using livecca_tests::direct_distance;
using livecca_tests::normal_matrix;
using livecca_tests::read_lines;
using livecca_tests::sum_of_overhead;
using livecca_tests::WatchedPair;

namespace {

constexpr std::uint64_t queue_seed = 4242;

/// Counts how many of it are alive.
struct Held {
  explicit Held(std::atomic<int>& the_alive) : alive(the_alive) { ++alive; }
  ~Held() { --alive; }
  std::atomic<int>& alive;
};

/// A pair whose network's activations are held up to a limit, and its reference's copied.
struct HeldPair {
  explicit HeldPair(std::uint64_t limit)
      : pair([&](MonitorOptions& options) { options.held_bytes_limit = limit; }) {}

  void hold(Monitor::Step& step) {
    const auto bytes = static_cast<std::uint64_t>(x.size()) * sizeof(double);
    step.observe_held(pair.net, view_of(x), std::make_shared<Held>(alive), bytes);
  }

  Eigen::MatrixXd x = normal_matrix(100, 4, queue_seed);
  Eigen::MatrixXd y = x + normal_matrix(100, 4, queue_seed + 1);
  std::atomic<int> alive{0};
  WatchedPair pair;
};

}  // namespace

TEST_CASE("memory that is held is read on livecca's thread and let go") {
  for (const std::uint64_t limit : {std::uint64_t{1} << 20U, std::uint64_t{0}}) {
    CAPTURE(limit);
    HeldPair held(limit);
    for (int epoch = 0; epoch < 3; ++epoch) {
      auto step = held.pair.monitor.begin(Stream::probe, epoch);
      held.hold(step);
      // Beyond the limit it was copied at once.
      CHECK(held.alive == (limit > 0 ? 1 : 0));
      CHECK_THROWS_AS(step.observe(held.pair.net, view_of(held.x)), Error);
      step.observe(held.pair.ref, view_of(held.y));
      step.commit();
      const SnapshotReport report = held.pair.monitor.snapshot(epoch).wait();
      CHECK(*report.find({"fc", "ref", "pwcca_distance"})->value ==
            doctest::Approx(direct_distance(held.x, held.y)).epsilon(1e-12));
      CHECK(held.alive == 0);
    }
    {
      auto abandoned = held.pair.monitor.begin(Stream::train, 3);
      held.hold(abandoned);
    }
    CHECK(held.alive == 0);
  }
}

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
