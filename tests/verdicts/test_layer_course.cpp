#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/example_rows.hpp"
#include "verdicts/verdicts.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t course_seed = 20240817;
constexpr std::size_t neurons = 32;
/// A loss that has long fallen, and one that it stays at: learning is over.
constexpr double first_loss = 2.3;
constexpr double learnt_loss = 0.8;

/// What one layer of a training is at a snapshot.
struct Now {
  double root_mean_square = 1;
  std::optional<double> effective_rank = 10;
  std::size_t dead = 0;
  std::optional<double> loss = learnt_loss;
};

using Words = std::set<std::string>;

/// A training of one layer, snapshot by snapshot.
class Course {
 public:
  Words add(const Now& now) {
    LayerRow row = livecca_tests::layer_row("fc", neurons, now.root_mean_square);
    row.effective_rank = now.effective_rank;
    row.dead = now.dead;
    row.rank = neurons - now.dead;
    const std::vector<LayerRow> rows{row};
    SnapshotVerdictInput input;
    input.epoch = epoch_++;
    input.network = "net";
    input.measure = "pwcca_distance";
    input.layers = rows;
    input.loss = now.loss;
    Words words;
    const SnapshotVerdicts said = verdicts.add(input);
    for (const VerdictRow& verdict : said.verdicts) words.insert(verdict.verdict);
    return words;
  }

  /// Six snapshots of a layer that is as it is at the first of them, while the loss falls.
  void learn(Now now = {}) {
    for (int i = 0; i < 6; ++i) {
      now.loss = first_loss - i * (first_loss - learnt_loss) / 5;
      CHECK(add(now).empty());
    }
  }

  Verdicts verdicts{{}};

 private:
  std::int64_t epoch_ = 0;
};

/// The number of the snapshot after learning at which there is a word first, from 1 on; 0: at none.
int first_with(const char* word, int snapshots, const std::function<Now(int)>& at,
               const std::optional<Now>& learns = Now{}) {
  Course course;
  if (learns) course.learn(*learns);
  for (int i = 1; i <= snapshots; ++i) {
    if (course.add(at(i)).contains(word)) return i;
  }
  return 0;
}

/// At which snapshot a layer explodes whose root mean square is this, from a first one on.
int explodes_at(
    int snapshots, const std::function<double(int)>& root_mean_square,
    const std::function<std::optional<double>(int)>& loss = [](int) {
      return std::optional(learnt_loss + 0.1);
    }) {
  const auto at = [&](int i) {
    return Now{.root_mean_square = root_mean_square(i), .loss = loss(i)};
  };
  return first_with("exploding", snapshots, at, Now{.root_mean_square = root_mean_square(0)});
}

}  // namespace

TEST_CASE("activations that double at every snapshot explode, with noise, in any unit") {
  MESSAGE("seed " << course_seed);
  for (const double unit : {1e-6, 1.0, 1e6}) {
    CHECK(explodes_at(10, [&](int i) { return unit * std::pow(2.0, i); }) == 3);
    CHECK(explodes_at(10, [&](int i) { return unit * std::pow(10.0, i); }) == 2);
  }
  std::mt19937_64 engine(course_seed);
  std::normal_distribution<double> noise(0, 0.1);
  for (int curve = 0; curve < 100; ++curve) {
    const int found =
        explodes_at(20, [&](int i) { return std::pow(2.0, i) * std::exp(noise(engine)); });
    // At 8 times the start; noise may take one rise more, or let one look like slowing down.
    CHECK(found >= 2);
    CHECK(found <= 8);
  }
}

TEST_CASE("growth that saturates, or goes along a line, is no explosion") {
  for (const double time : {0.5, 1.0, 3.0, 10.0, 30.0}) {
    for (const double height : {2.0, 10.0, 50.0}) {
      CAPTURE(time);
      CAPTURE(height);
      CHECK(explodes_at(60, [&](int i) { return 1 + height * (1 - std::exp(-i / time)); }) == 0);
      CHECK(explodes_at(60, [&](int i) { return 1 + height * i / time / 60; }) == 0);
    }
  }
  CHECK(explodes_at(200, [](int i) { return 1.0 + i; }) == 0);
}

TEST_CASE("slow steady growth, as of a layer of logits, is no explosion") {
  MESSAGE("seed " << course_seed);
  std::mt19937_64 engine(course_seed);
  std::normal_distribution<double> noise(0, 0.03);
  for (const double factor : {1.02, 1.05, 1.1}) {
    for (int curve = 0; curve < 20; ++curve) {
      CHECK(explodes_at(60, [&](int i) { return std::pow(factor, i) * std::exp(noise(engine)); }) ==
            0);
    }
  }
}

TEST_CASE("growth is no explosion as long as the loss falls with it") {
  const auto doubling = [](int i) { return std::pow(2.0, i); };
  CHECK(explodes_at(20, doubling, [](int i) { return learnt_loss - 0.01 * i; }) == 0);
  CHECK(explodes_at(20, doubling, [](int i) { return i < 10 ? learnt_loss - 0.01 * i : 1.0; }) ==
        10);
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  CHECK(explodes_at(20, doubling, [&](int) { return nothing; }) == 3);
}

TEST_CASE("without a loss only growth by a thousand times and more is an explosion") {
  const auto none = [](int) -> std::optional<double> { return std::nullopt; };
  CHECK(explodes_at(
            20, [](int i) { return std::pow(2.0, i); }, none) == 12);
  CHECK(explodes_at(
            60, [](int i) { return i == 0 ? 0.03 : 3 - 1.5 / i; }, none) == 0);
}

TEST_CASE("the first growth from small random outputs is no explosion") {
  // As a residual network's fourth block did, with a snapshot every 4 steps, while its loss went
  // between 2.0 and 2.3.
  const std::vector<double> block{0.0279, 0.0551, 0.145, 0.426, 0.954, 1.93, 2.92, 2.23, 1.31};
  Course course;
  for (std::size_t i = 0; i < block.size(); ++i) {
    std::optional<double> loss;
    if (i > 0) loss = i % 2 == 0 ? 2.15 : 2.1;
    CHECK(course.add({.root_mean_square = block[i], .loss = loss}).empty());
  }
  // The same growth of a network that had learnt is one.
  CHECK(explodes_at(6, [&](int i) { return block[static_cast<std::size_t>(i)]; }) > 0);
}

TEST_CASE("a jump in one snapshot is an explosion from 64 times on, and lasts") {
  CHECK(explodes_at(5, [](int i) { return i == 0 ? 1 : 60; }) == 0);
  Course course;
  course.learn();
  CHECK(course.add({.root_mean_square = 65, .loss = 1.0}) == Words{"exploding"});
  for (int i = 0; i < 10; ++i) {
    CHECK(course.add({.root_mean_square = 65, .loss = 1.0}) == Words{"exploding"});
  }
  SUBCASE("until it is back") { CHECK(course.add({.root_mean_square = 7, .loss = 1.0}).empty()); }
  SUBCASE("until the loss is lower than ever") {
    CHECK(course.add({.root_mean_square = 65, .loss = 0.7}).empty());
    CHECK(course.add({.root_mean_square = 65, .loss = 1.0}).empty());
  }
}

TEST_CASE("what comes back after it was small does not explode") {
  CHECK(explodes_at(20, [](int i) { return i > 0 && i < 8 ? 0.01 * std::pow(2.0, i) : 1.0; }) == 0);
  CHECK(explodes_at(20, [](int i) { return i == 5 ? 0.0 : 1.0; }) == 0);
}

TEST_CASE("an effective rank that falls by half while the loss does not is a collapse") {
  MESSAGE("seed " << course_seed);
  std::mt19937_64 engine(course_seed);
  std::normal_distribution<double> noise(0, 0.05);
  const auto collapses_at = [&](double to, double loss, double slope = 0) {
    return first_with("collapsing", 12, [&](int i) {
      return Now{.effective_rank = (i < 4 ? 10 : to) * std::exp(noise(engine)),
                 .loss = loss + slope * i};
    });
  };
  for (int curve = 0; curve < 50; ++curve) {
    CHECK(collapses_at(4, learnt_loss + 0.1) == 5);  // the second snapshot of it
    CHECK(collapses_at(7, learnt_loss + 0.1) == 0);
    CHECK(collapses_at(4, learnt_loss, -0.01) == 0);
  }
}

TEST_CASE("a rank that falls before the loss does, or for one snapshot, is no collapse") {
  Course course;
  // As the last layers of a convolutional network did, with a snapshot every 4 steps.
  for (const double rank : {25.3, 12.5, 13.1, 9.8, 6.7, 6.0, 3.0, 1.8, 1.4, 1.2}) {
    CHECK(course.add({.effective_rank = rank, .loss = 2.31 - 0.001 * rank}).empty());
  }
  CHECK(first_with("collapsing", 20, [](int i) {
          return Now{.effective_rank = i % 2 == 0 ? 10.0 : 3.0, .loss = 0.9};
        }) == 0);
  CHECK(first_with("collapsing", 20,
                   [](int) { return Now{.effective_rank = 1.0, .loss = std::nullopt}; }) == 0);
  CHECK(first_with(
            "collapsing", 20,
            [](int i) { return Now{.effective_rank = i < 5 ? 10.0 : 1.0, .loss = std::nullopt}; },
            std::nullopt) == 0);
}

TEST_CASE("a collapse lasts over snapshots without a loss, until the rank or the loss recovers") {
  Course course;
  course.learn();
  CHECK(course.add({.effective_rank = 2, .loss = 1.0}).empty());
  CHECK(course.add({.effective_rank = 2, .loss = 1.0}) == Words{"collapsing"});
  CHECK(course.add({.effective_rank = 2, .loss = std::nullopt}) == Words{"collapsing"});
  SUBCASE("the rank") { CHECK(course.add({.effective_rank = 6, .loss = 1.0}).empty()); }
  SUBCASE("the loss") { CHECK(course.add({.effective_rank = 2, .loss = 0.7}).empty()); }
  SUBCASE("without a rank all neurons are dead") {
    CHECK(course.add({.effective_rank = std::nullopt, .dead = neurons, .loss = 1.0}) ==
          Words{"dead"});
  }
}

TEST_CASE("dead neurons are counted against the layer's own best snapshot") {
  Course course;
  CHECK(course.add({.dead = 20}) == Words{"dead"});  // from the beginning
  CHECK(course.add({.dead = 20}).empty());
  CHECK(course.add({.dead = 24}).empty());
  CHECK(course.add({.dead = 26}) == Words{"dead"});
  CHECK(course.add({.dead = 26}) == Words{"dead"});
  CHECK(course.add({.dead = 4}).empty());  // most came to life
  CHECK(course.add({.dead = 17}).empty());
  CHECK(course.add({.dead = 18}) == Words{"dead"});
}

TEST_CASE("alarms go on from a state as if there had been no break") {
  std::vector<Now> snapshots;
  for (int i = 0; i < 24; ++i) {
    Now now{.root_mean_square = i < 12 ? 1 + 0.01 / 3 * i : std::pow(1.9, i - 11) / 3,
            .effective_rank = i < 14 ? 10.0 / 3 : 1.1,
            .dead = i < 18 ? std::size_t{1} : std::size_t{20},
            .loss = i < 10 ? first_loss - 0.1 * i : 2.0};
    if (i % 5 == 4) now.loss.reset();
    if (i == 16) now.loss = std::numeric_limits<double>::infinity();
    snapshots.push_back(now);
  }
  std::set<std::string> seen;
  for (std::size_t cut = 0; cut <= snapshots.size(); ++cut) {
    CAPTURE(cut);
    Course uninterrupted;
    for (std::size_t i = 0; i < cut; ++i) uninterrupted.add(snapshots[i]);
    Course restored;
    REQUIRE(restored.verdicts.restore(uninterrupted.verdicts.state()));
    CHECK(restored.verdicts.state() == uninterrupted.verdicts.state());
    for (std::size_t i = cut; i < snapshots.size(); ++i) {
      const Words words = uninterrupted.add(snapshots[i]);
      CHECK(restored.add(snapshots[i]) == words);
      seen.insert(words.begin(), words.end());
    }
  }
  CHECK(seen == Words{"collapsing", "dead", "exploding"});
}
