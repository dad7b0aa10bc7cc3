#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <random>

#include "monitor/pacing/overhead_budget.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t overhead_budget_seed = 314159;
constexpr double budget = 0.02;
constexpr double step_seconds = 0.05;

/// A training with noise: steps and costs vary by a factor, one step in a hundred stalls.
class Training {
 public:
  Training(OverheadBudget& watched, std::uint64_t training_seed, int costs_come_late)
      : watched_(watched), engine_(training_seed), costs_come_late_(costs_come_late) {}

  /// So many training steps, of which watching one whole takes `ratio` times as long: a fifth of
  /// it however few images. Returns how many were observed.
  int run(int steps, double ratio) {
    int observed = 0;
    for (int i = 0; i < steps; ++i) {
      const double stall = engine_() % 100 == 0 ? 10 : 1;
      watched_.training_step(step_seconds * vary(0.3) * stall);
      if (watched_.wants_step()) {
        ++observed;
        const double share = watched_.images_share();
        const double cost = ratio * step_seconds * (0.2 + 0.8 * share) * vary(0.5);
        on_the_way_.push_back({cost, share, steps_ + costs_come_late_});
      }
      for (; !on_the_way_.empty() && on_the_way_.front().comes_at <= steps_;
           on_the_way_.pop_front()) {
        watched_.observed(on_the_way_.front().seconds, on_the_way_.front().images_share);
      }
      ++steps_;
    }
    return observed;
  }

 private:
  struct Cost {
    double seconds;
    double images_share;
    int comes_at;
  };

  double vary(double deviation) { return std::exp(deviation * normal_(engine_)); }

  OverheadBudget& watched_;
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  int costs_come_late_;
  int steps_ = 0;
  std::deque<Cost> on_the_way_;
};

}  // namespace

TEST_CASE("watching stays within its budget and uses it, whatever a step costs") {
  MESSAGE("seed " << overhead_budget_seed);
  for (const double ratio : {0.001, 0.01, 0.1, 0.5, 1.0, 5.0}) {
    for (const int late : {0, 3}) {
      CAPTURE(ratio);
      CAPTURE(late);
      OverheadBudget watched(budget);
      Training training(watched, overhead_budget_seed + static_cast<std::uint64_t>(late), late);
      const int observed = training.run(20000, ratio);
      MESSAGE("cost " << ratio << ", late by " << late << ": share " << watched.total_share()
                      << ", observed " << observed << ", every " << watched.every() << ", images "
                      << watched.images_share());
      CHECK(watched.total_share() <= 1.05 * budget);
      if (ratio < 0.5 * budget) {
        CHECK(observed >= 19000);
        CHECK(watched.every() == 1);
        CHECK(watched.images_share() == 1);
      } else if (ratio > budget) {
        CHECK(watched.total_share() >= 0.5 * budget);
      }
    }
  }
}

TEST_CASE("a first step that is slow, in training or in watching, is made up for") {
  for (const double first_training : {1.0, 100.0}) {
    for (const double first_cost : {1.0, 100.0}) {
      CAPTURE(first_training);
      CAPTURE(first_cost);
      OverheadBudget watched(budget);
      watched.training_step(first_training * step_seconds);
      REQUIRE(watched.wants_step());
      watched.observed(first_cost * 0.2 * step_seconds, 1);
      Training training(watched, overhead_budget_seed, 0);
      training.run(3000, 0.2);
      CHECK(watched.total_share() <= 1.05 * budget);
      CHECK(watched.images_share() == 1);
      CHECK(watched.every() >= 5);
      CHECK(watched.every() <= 20);
      CHECK(watched.share() >= 0.5 * budget);
      CHECK(watched.share() <= 1.5 * budget);
    }
  }
}

TEST_CASE("costs that change a hundredfold are followed within some hundred steps") {
  OverheadBudget watched(budget);
  Training training(watched, overhead_budget_seed, 0);
  training.run(5000, 0.01);
  CHECK(training.run(500, 0.01) >= 480);
  training.run(5000, 1);
  CHECK(watched.total_share() <= 1.05 * budget);
  const int while_dear = training.run(500, 1);
  CHECK(while_dear <= 30);
  training.run(300, 0.01);
  CHECK(training.run(500, 0.01) >= 450);
  CHECK(watched.images_share() == 1);
  CHECK(watched.total_share() <= 1.05 * budget);
}

TEST_CASE("fewer images are looked at only where steps would become rarer than one in 64") {
  const auto images_after = [](double ratio) {
    OverheadBudget watched(budget);
    Training(watched, overhead_budget_seed, 0).run(10000, ratio);
    return watched.images_share();
  };
  CHECK(images_after(0.5) == 1);
  CHECK(images_after(5) == 0.125);
  OverheadBudget watched(budget);
  Training training(watched, overhead_budget_seed, 0);
  training.run(10000, 5);
  training.run(5000, 0.5);
  CHECK(watched.images_share() == 1);
}

TEST_CASE("what snapshots take comes off what steps may take") {
  OverheadBudget watched(budget);
  Training training(watched, overhead_budget_seed, 0);
  for (int snapshot = 0; snapshot < 20; ++snapshot) {
    training.run(1000, 0.1);
    watched.spent(0.5 * budget * 1000 * step_seconds);
  }
  CHECK(watched.total_share() <= 1.05 * budget);
  CHECK(watched.total_share() >= 0.8 * budget);
}

TEST_CASE("steps that were wanted and never came do not stop the watching") {
  OverheadBudget watched(budget);
  int wanted = 0;
  for (int step = 0; step < 20000; ++step) {
    watched.training_step(step_seconds);
    if (!watched.wants_step()) continue;
    // Two of three find the queue full.
    if (++wanted % 3 == 0) watched.observed(0.1 * step_seconds, 1);
  }
  CHECK(wanted > 1000);
  CHECK(watched.total_share() <= 1.05 * budget);
}

TEST_CASE("without a budget every step is observed, and what that takes is measured") {
  OverheadBudget watched(0);
  CHECK(watched.share() == 0);
  for (int step = 0; step < 2000; ++step) {
    watched.training_step(step_seconds);
    CHECK(watched.wants_step());
    watched.observed(0.5 * step_seconds, 1);
  }
  CHECK(watched.every() == 1);
  CHECK(watched.images_share() == 1);
  CHECK(watched.share() == doctest::Approx(0.5).epsilon(0.01));
  CHECK(watched.total_share() == doctest::Approx(0.5));
}

TEST_CASE("times that are none are left out") {
  OverheadBudget watched(budget);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  watched.training_step(1);
  for (const double odd : {nan, -1.0, std::numeric_limits<double>::infinity()}) {
    watched.training_step(odd);
    watched.observed(odd, 1);
    watched.spent(odd);
  }
  watched.observed(0.01, nan);
  CHECK(watched.share() == doctest::Approx(0.01));
  CHECK(watched.wants_step());
}

TEST_CASE("a budget that pays for no step for long says why, and nothing if the next one is near") {
  OverheadBudget watched(0.02);
  watched.spent(5);  // a snapshot before training
  watched.training_step(0.1);
  CHECK_FALSE(watched.wants_step());
  const std::string why = watched.shortage();
  CAPTURE(why);
  // 5 s less the 0.002 s that the step earned, at 0.02 s a second.
  CHECK(why.find("budget of 2 % lacks 5 s, which takes about 250 s of training") !=
        std::string::npos);
  CHECK(why.find("watching took 5 s so far, 5 s of it for snapshots") != std::string::npos);
  CHECK(why.find("a train step costs") == std::string::npos);  // nobody knows yet
  OverheadBudget dear(0.02);
  dear.training_step(1);
  REQUIRE(dear.wants_step());
  dear.observed(3, 1);
  dear.training_step(1);
  CHECK_FALSE(dear.wants_step());
  CHECK(dear.shortage().find("0 s of it for snapshots, and a train step costs ") !=
        std::string::npos);
  OverheadBudget near(0.02);
  near.spent(0.1);  // 5 s of training
  near.training_step(0.1);
  CHECK_FALSE(near.wants_step());
  CHECK(near.shortage().empty());
  // Long steps: 20 s are two of them.
  OverheadBudget slow(0.02);
  slow.spent(0.6);
  slow.training_step(10);
  CHECK_FALSE(slow.wants_step());
  CHECK(slow.shortage().empty());
  OverheadBudget without(0);
  without.spent(1000);
  without.training_step(0.1);
  CHECK(without.shortage().empty());
}
