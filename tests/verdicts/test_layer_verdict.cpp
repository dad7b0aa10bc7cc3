#include "verdicts/layer_verdict.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "verdicts/median.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t verdict_seed = 577215;
constexpr Eigen::Index directions_of_path = 40;

/// Where a layer is at each snapshot. Its distance to another place is 1 − exp(−‖difference‖²), as
/// a distance of representations is: quadratic nearby, 1 far away.
using Path = std::vector<Eigen::VectorXd>;

double distance(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return -std::expm1(-(a - b).squaredNorm());
}

/// A random walk: each snapshot a step of this length, in a direction of its own.
Path walk(int snapshots, std::uint64_t seed, const std::function<double(int)>& length) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Path path{Eigen::VectorXd::Zero(directions_of_path)};
  for (int t = 1; t < snapshots; ++t) {
    Eigen::VectorXd step(directions_of_path);
    for (double& value : step) value = normal(engine);
    path.push_back(path.back() + length(t) * step.normalized());
  }
  return path;
}

/// One direction all the way.
Path line(int snapshots, const std::function<double(int)>& length) {
  Path path{Eigen::VectorXd::Zero(directions_of_path)};
  for (int t = 1; t < snapshots; ++t) {
    path.push_back(path.back() + length(t) * Eigen::VectorXd::Unit(directions_of_path, 0));
  }
  return path;
}

Motion motion_on(const Path& path, std::size_t t) {
  Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
  for (std::size_t i = 0; i < motion_lags.size(); ++i) {
    if (t >= motion_lags[i]) motion.moved[i] = distance(path[t], path[t - motion_lags[i]]);
  }
  return motion;
}

/// The verdicts on the paths of a network's layers, a list a layer.
std::vector<std::vector<VerdictRow>> verdicts_on(const std::vector<Path>& paths) {
  std::vector<MotionCourse> courses(paths.size());
  NetworkCourse network;
  std::vector<std::vector<VerdictRow>> rows(paths.size());
  for (std::size_t t = 0; t < paths.front().size(); ++t) {
    std::vector<double> slowings;
    for (std::size_t layer = 0; layer < paths.size(); ++layer) {
      remember(courses[layer], motion_on(paths[layer], t));
      slowings.push_back(slowing(courses[layer].latest).value_or(0));
    }
    network.slowing = median(slowings);
    for (std::size_t layer = 0; layer < paths.size(); ++layer) {
      rows[layer].push_back(judge_motion(courses[layer], network, {}));
    }
  }
  return rows;
}

/// Of a layer alone in its network.
std::vector<VerdictRow> verdicts_on(const Path& path) {
  return verdicts_on(std::vector<Path>{path}).front();
}

/// Whether the path stays within the tolerance of where it is at t.
bool stays(const Path& path, std::size_t t) {
  for (std::size_t later = t; later < path.size(); ++later) {
    if (distance(path[t], path[later]) > VerdictOptions().tolerance) return false;
  }
  return true;
}

std::string words(const std::vector<VerdictRow>& rows) {
  std::string text;
  for (const VerdictRow& row : rows) text += row.verdict.front();
  return text;
}

/// How often the verdict changes to one that was given before.
int flips(const std::vector<VerdictRow>& rows) {
  std::string seen;
  int count = 0;
  for (const char word : words(rows)) {
    if (word == 'u' || (!seen.empty() && seen.back() == word)) continue;
    count += seen.find(word) != std::string::npos;
    seen += word;
  }
  return count;
}

}  // namespace

TEST_CASE("a layer that stands still is settled as soon as it can be, and stays so") {
  // Rounding of a half-precision history.
  const auto rows = verdicts_on(walk(20, verdict_seed, [](int) { return 1e-3; }));
  CHECK(words(rows) == "uuuuuussssssssssssss");
  CHECK(rows[6].since_epoch == 6);
  CHECK(rows[19].since_epoch == 6);
  CHECK(rows[19].remaining.value() < 0.01);
  CHECK(rows[19].remaining_low.value() < rows[19].remaining.value());
  CHECK(rows[19].remaining.value() < rows[19].remaining_high.value());
}

TEST_CASE("nothing is said before it can be known") {
  const auto rows = verdicts_on(line(3, [](int) { return 0.5; }));
  CHECK(rows[0].verdict == "undecided");
  CHECK_FALSE(rows[0].speed);
  // What moves by more than the tolerance in one snapshot moves, however few there are.
  CHECK(rows[1].verdict == "moving");
  CHECK(rows[1].speed.value() == doctest::Approx(-std::expm1(-0.25)));
  CHECK_FALSE(rows[1].remaining);
}

TEST_CASE("an annealed layer is settled near the moment from which on that is true") {
  MESSAGE("seed " << verdict_seed);
  int timely = 0;
  int all_flips = 0;
  constexpr int runs = 40;
  for (int run = 0; run < runs; ++run) {
    const auto cosine = [](int t) { return 0.35 * (0.5 + 0.5 * std::cos(M_PI * t / 24.0)); };
    const Path path = walk(25, verdict_seed + static_cast<std::uint64_t>(run), cosine);
    const auto rows = verdicts_on(path);
    std::size_t true_from = 0;
    while (!stays(path, true_from)) ++true_from;
    CAPTURE(words(rows));
    std::size_t first = rows.size();
    for (std::size_t t = 0; t < rows.size(); ++t) {
      if (rows[t].verdict != "settled") continue;
      first = std::min(first, t);
      // Forecasts scatter by a factor of two, so some come a snapshot or two early.
      CHECK(t + 2 >= true_from);
    }
    timely += first <= true_from + 3;
    all_flips += flips(rows);
  }
  CHECK(all_flips <= runs / 10);
  MESSAGE(timely << " of " << runs << " in time");
  CHECK(timely >= runs * 8 / 10);
}

TEST_CASE("a layer that creeps on in one direction is not settled, however slowly it goes") {
  // 0.0006 and 0.0025 an epoch are far below the tolerance; in 20 epochs it is far away.
  for (const double length : {0.025, 0.05}) {
    CAPTURE(length);
    const auto rows = verdicts_on(line(40, [&](int) { return length; }));
    CAPTURE(words(rows));
    for (std::size_t t = 8; t < rows.size(); ++t) {
      CHECK(rows[t].verdict == "moving");
      CHECK(rows[t].exponent.value() > 1.5);
    }
  }
}

TEST_CASE("a random walk is not settled while it goes on, and its exponent is that of one") {
  for (const double length : {0.12, 0.2}) {
    CAPTURE(length);
    int settled = 0;
    double exponents = 0;
    int count = 0;
    std::vector<Path> layers;
    for (std::uint64_t layer = 0; layer < 10; ++layer) {
      layers.push_back(walk(40, verdict_seed + layer, [&](int) { return length; }));
    }
    for (const auto& rows : verdicts_on(layers)) {
      for (std::size_t t = 8; t < rows.size(); ++t) {
        settled += rows[t].verdict == "settled";
        exponents += rows[t].exponent.value();
        ++count;
      }
    }
    MESSAGE(settled << " of " << count << " verdicts say settled");
    // A walk that is just beyond the tolerance after 4 snapshots looks nearer now and then, and the
    // word is kept until there are three doubts in a row.
    CHECK(settled <= (length < 0.15 ? count * 15 / 100 : 0));
    CHECK(exponents / count == doctest::Approx(1.0).epsilon(0.2));
  }
}

TEST_CASE("a layer that jitters about a place wanders if that is wide, and is settled if narrow") {
  const auto jitter = [](double size) {
    std::mt19937_64 engine(verdict_seed);
    std::normal_distribution<double> normal;
    Path path;
    for (int t = 0; t < 40; ++t) {
      Eigen::VectorXd place(directions_of_path);
      for (double& value : place) value = size * normal(engine);
      path.push_back(place);
    }
    return verdicts_on(path);
  };
  // Two places are √(2 · 40) · size apart: their distance is about 0.15 and 0.01.
  const auto wide = jitter(0.045);
  const auto narrow = jitter(0.011);
  CAPTURE(words(wide));
  CAPTURE(words(narrow));
  for (std::size_t t = 10; t < wide.size(); ++t) {
    CHECK(wide[t].verdict == "wandering");
    CHECK(wide[t].exponent.value() < 0.6);
    CHECK(narrow[t].verdict == "settled");
  }
}

TEST_CASE("in a long run a layer that jitters stays settled, however its distances scatter") {
  // Sampling noise of the probe: distances of any lag are alike, and vary by a fifth.
  MESSAGE("seed " << verdict_seed);
  std::mt19937_64 engine(verdict_seed);
  std::normal_distribution<double> normal;
  for (const double size : {0.0005, 0.01}) {
    CAPTURE(size);
    MotionCourse course;
    NetworkCourse network;
    int left = 0;
    bool was_settled = false;
    for (std::uint64_t t = 0; t < 1000; ++t) {
      Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
      for (std::size_t i = 0; i < motion_lags.size(); ++i) {
        if (t >= motion_lags[i]) motion.moved[i] = size * std::exp(0.2 * normal(engine));
      }
      remember(course, motion);
      network.slowing = slowing(course.latest).value_or(0);
      const bool is_settled = judge_motion(course, network, {}).verdict == "settled";
      left += was_settled && !is_settled;
      was_settled = is_settled;
    }
    CHECK(was_settled);
    CHECK(left <= 1);
  }
}

TEST_CASE("a spiral keeps its distance to what it turns around, and moves") {
  Path path;
  for (int t = 0; t < 30; ++t) {
    Eigen::VectorXd place = Eigen::VectorXd::Zero(directions_of_path);
    place[0] = std::cos(0.4 * t);
    place[1] = std::sin(0.4 * t);
    path.push_back(place);
  }
  const auto rows = verdicts_on(path);
  for (std::size_t t = 1; t < rows.size(); ++t) CHECK(rows[t].verdict == "moving");
}

TEST_CASE("a jump ends what was settled, and later it is settled again") {
  Path path = walk(40, verdict_seed, [](int t) { return t == 20 ? 0.6 : 1e-3; });
  const auto rows = verdicts_on(path);
  CAPTURE(words(rows));
  CHECK(rows[19].verdict == "settled");
  CHECK(rows[20].verdict == "moving");
  CHECK(rows[39].verdict == "settled");
  CHECK(rows[39].since_epoch.value() > 20);
  CHECK(flips(rows) == 1);
}

TEST_CASE("as far apart as unrelated data says nothing of the layer") {
  MotionCourse course;
  NetworkCourse network;
  for (std::uint64_t t = 0; t < 10; ++t) {
    Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
    for (std::size_t i = 0; i < motion_lags.size(); ++i) {
      if (t >= motion_lags[i]) motion.moved[i] = 0.97;
    }
    remember(course, motion);
    CHECK(judge_motion(course, network, {}).verdict == "undecided");
  }
}

TEST_CASE("as far apart as unrelated data, but told from them, a layer moves") {
  MotionCourse course;
  NetworkCourse network;
  for (std::uint64_t t = 0; t < 10; ++t) {
    Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t), .is_told = t > 0};
    for (std::size_t i = 0; i < motion_lags.size(); ++i) {
      if (t >= motion_lags[i]) motion.moved[i] = 0.97;
    }
    remember(course, motion);
    const VerdictRow row = judge_motion(course, network, {});
    CHECK(row.verdict == (t > 0 ? "moving" : "undecided"));
    CHECK(row.message.empty());
  }
}

TEST_CASE("a layer is not settled over a snapshot from which nothing can be forecast") {
  const Path path = walk(20, verdict_seed, [](int) { return 1e-3; });
  MotionCourse course;
  NetworkCourse network;
  std::string said;
  for (std::size_t t = 0; t < path.size(); ++t) {
    Motion motion{.snapshot = t, .epoch = 5};  // all of one epoch: none has a speed
    for (std::size_t i = 0; i < motion_lags.size(); ++i) {
      if (t >= motion_lags[i] && t - motion_lags[i] != 11) {
        motion.moved[i] = distance(path[t], path[t - motion_lags[i]]);
      }
    }
    if (t == 15) motion.moved[0] = 0.3;  // and it jumps where lag 4 is missing
    remember(course, motion);
    const VerdictRow row = judge_motion(course, network, {});
    CHECK_FALSE(row.speed);
    said += row.verdict.front();
    if (t == 15) CHECK_FALSE(row.since_epoch);
  }
  CHECK(said.substr(0, 12) == "uuuuuussssss");
  CHECK(said[12] == 'u');  // no lag of 1
  CHECK(said[15] == 'm');
}

TEST_CASE("a snapshot that is missing costs its own verdict only") {
  const Path path = walk(20, verdict_seed, [](int) { return 1e-3; });
  MotionCourse course;
  NetworkCourse network;
  std::string said;
  for (std::size_t t = 0; t < path.size(); ++t) {
    Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
    for (std::size_t i = 0; i < motion_lags.size(); ++i) {
      if (t != 12 && t >= motion_lags[i]) {
        motion.moved[i] = distance(path[t], path[t - motion_lags[i]]);
      }
    }
    remember(course, motion);
    said += judge_motion(course, network, {}).verdict.front();
  }
  CHECK(said.substr(6, 6) == "ssssss");
  CHECK(said[12] == 'u');
  CHECK(said.substr(17) == "sss");  // lags of 4 snapshots are whole again
}

TEST_CASE(
    "when the learning rate jumps up, a settled layer keeps the word only if it hardly moves") {
  for (const double jump : {0.009, 0.011}) {
    CAPTURE(jump);
    const double length = std::sqrt(-std::log1p(-jump));
    const auto path = line(10, [&](int t) { return t < 9 ? 1e-3 : length; });
    MotionCourse course;
    NetworkCourse network;
    std::string said;
    for (std::size_t t = 0; t < path.size(); ++t) {
      Motion motion{.snapshot = t, .epoch = static_cast<std::int64_t>(t)};
      for (std::size_t i = 0; i < motion_lags.size(); ++i) {
        if (t >= motion_lags[i]) motion.moved[i] = distance(path[t], path[t - motion_lags[i]]);
      }
      remember(course, motion);
      network.rate_rose = t == 9;
      said += judge_motion(course, network, {}).verdict.front();
    }
    CHECK(said == (jump < 0.01 ? "uuuuuussss" : "uuuuuusssm"));
  }
}
