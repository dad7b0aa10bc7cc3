#include "livecca/measures/group_means.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "livecca/common/error.hpp"

using namespace livecca;

namespace {

using GroupValues = std::vector<std::optional<double>>;
using Groups = std::vector<std::optional<std::size_t>>;

constexpr std::uint64_t group_means_seed = 161803;
constexpr int redraws = 500;

/// Values above the diagonal, row by row; below it and on it numbers that must not be read.
GroupValues upper(std::size_t networks, const std::vector<std::optional<double>>& pairs) {
  GroupValues values(networks * networks, 1e6);
  auto next = pairs.begin();
  for (std::size_t i = 0; i < networks; ++i) {
    for (std::size_t j = i + 1; j < networks; ++j) values[i * networks + j] = *next++;
  }
  REQUIRE(next == pairs.end());
  return values;
}

/// How far two networks are apart: each has an effect of its own, as have groups and pairs.
GroupValues redraw_networks(const Groups& groups, double of_network, double of_pair,
                            std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  std::vector<double> effects(groups.size());
  for (double& effect : effects) effect = of_network * normal(engine);
  GroupValues values(groups.size() * groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = i + 1; j < groups.size(); ++j) {
      const double apart = groups[i] == groups[j] ? 3 : 7;
      values[i * groups.size() + j] = apart + effects[i] + effects[j] + of_pair * normal(engine);
    }
  }
  return values;
}

/// Means and squared standard errors of one mean over redraws.
struct Redrawn {
  std::vector<double> means;
  double squared_errors = 0;

  void add(const GroupMean& mean) {
    means.push_back(mean.mean.value());
    squared_errors += *mean.standard_error * *mean.standard_error;
  }

  /// The root mean squared error over the spread of the means.
  double ratio() const {
    double sum = 0;
    for (const double mean : means) sum += mean;
    double squares = 0;
    for (const double mean : means) {
      squares += std::pow(mean - sum / static_cast<double>(means.size()), 2);
    }
    return std::sqrt(squared_errors / squares);
  }
};

Redrawn within(double of_network, double of_pair, std::size_t networks) {
  std::mt19937_64 engine(group_means_seed);
  const Groups groups(networks, 0);
  Redrawn result;
  for (int draw = 0; draw < redraws; ++draw) {
    result.add(
        group_means(redraw_networks(groups, of_network, of_pair, engine), groups, 1).within[0]);
  }
  return result;
}

}  // namespace

TEST_CASE("a group of three: the mean and the jackknife by hand") {
  // Without network 0: 6; without 1: 2; without 2: 1. Their mean is 3, the squares 9 + 1 + 4.
  const auto found = group_means(upper(3, {1, 2, 6}), Groups{0, 0, 0}, 1);
  REQUIRE(found.within.size() == 1);
  CHECK(found.between.empty());
  CHECK(found.within[0].mean.value() == doctest::Approx(3));
  CHECK(found.within[0].standard_error.value() == doctest::Approx(std::sqrt(2.0 / 3 * 14)));
  CHECK(found.within[0].pairs == 3);
  CHECK(found.within[0].networks == 3);
  CHECK(found.within[0].pairs_missing == 0);
}

TEST_CASE("two groups of two: the sum of both sides' jackknife variances by hand") {
  // Networks 0 and 2 against 1 and 3, in an order that has pairs with either side first:
  //        1  3
  //    0   1  2    without 0: 4.5, without 2: 1.5: variance 1/2 · 2 · 1.5² = 2.25
  //    2   3  6    without 1: 4, without 3: 2: variance 1/2 · 2 · 1² = 1
  const auto found = group_means(upper(4, {1, 10, 2, 3, 20, 6}), Groups{0, 1, 0, 1}, 2);
  REQUIRE(found.between.size() == 1);
  const GroupMean& between = found.between[0].mean;
  CHECK(found.between[0].groups == std::array<std::size_t, 2>{0, 1});
  CHECK(between.mean.value() == doctest::Approx(3));
  CHECK(between.standard_error.value() == doctest::Approx(std::sqrt(3.25)));
  CHECK(between.pairs == 4);
  CHECK(between.networks == 4);
  CHECK(found.within[0].mean.value() == doctest::Approx(10));
  CHECK(found.within[1].mean.value() == doctest::Approx(20));
  CHECK(!found.within[0].standard_error);
}

TEST_CASE("too few networks have a mean and no standard error") {
  const auto pair = group_means(upper(3, {1, 2, 6}), Groups{0, 0, 1}, 2);
  CHECK(pair.within[0].mean.value() == doctest::Approx(1));
  CHECK(!pair.within[0].standard_error);
  CHECK(!pair.within[1].mean);
  CHECK(pair.within[1].pairs == 0);
  CHECK(pair.between[0].mean.mean.value() == doctest::Approx(4));
  CHECK(!pair.between[0].mean.standard_error);
  const auto nobody = group_means({}, {}, 2);
  CHECK(!nobody.within[1].mean);
  CHECK(!nobody.between[0].mean.mean);
}

TEST_CASE("networks in no group count nowhere, and every two groups are compared") {
  const Groups groups{2, std::nullopt, 0, 1};
  const auto found = group_means(upper(4, {100, 1, 2, 200, 300, 3}), groups, 3);
  REQUIRE(found.between.size() == 3);
  CHECK(found.between[0].groups == std::array<std::size_t, 2>{0, 1});
  CHECK(found.between[0].mean.mean.value() == doctest::Approx(3));
  CHECK(found.between[1].groups == std::array<std::size_t, 2>{0, 2});
  CHECK(found.between[1].mean.mean.value() == doctest::Approx(1));
  CHECK(found.between[2].groups == std::array<std::size_t, 2>{1, 2});
  CHECK(found.between[2].mean.mean.value() == doctest::Approx(2));
}

TEST_CASE("missing values are left out and counted") {
  // Network 3 has no value at all: the others stand as a group of three.
  const GroupValues values = upper(4, {1, 2, std::nullopt, 6, std::nullopt, std::nullopt});
  const GroupMean mean = group_means(values, Groups{0, 0, 0, 0}, 1).within[0];
  CHECK(mean.mean.value() == doctest::Approx(3));
  CHECK(mean.standard_error.value() == doctest::Approx(std::sqrt(2.0 / 3 * 14)));
  CHECK(mean.pairs == 3);
  CHECK(mean.pairs_missing == 3);
  CHECK(mean.networks == 3);
  // Without network 0 nothing is left of 0-1 and 0-2.
  const GroupMean star = group_means(upper(3, {1, 2, std::nullopt}), Groups{0, 0, 0}, 1).within[0];
  CHECK(star.mean.value() == doctest::Approx(1.5));
  CHECK(!star.standard_error);
  const double nan = std::nan("");
  CHECK(group_means(upper(3, {1, 2, nan}), Groups{0, 0, 0}, 1).within[0].pairs_missing == 1);
}

TEST_CASE("sizes that do not fit are refused") {
  CHECK_THROWS_AS(group_means(GroupValues(3), Groups{0, 0}, 1), Error);
  CHECK_THROWS_AS(group_means(GroupValues(4), Groups{0, 1}, 1), Error);
}

TEST_CASE("within a group the standard error is the spread over redrawn networks") {
  for (const std::size_t networks : {5U, 12U}) {
    const double ratio = within(1, 0.3, networks).ratio();
    MESSAGE("seed " << group_means_seed << ", " << networks << " networks: ratio " << ratio);
    CHECK(ratio > 0.8);
    CHECK(ratio < 1.2);
  }
}

TEST_CASE("between groups the standard error is the spread over redrawn networks") {
  std::mt19937_64 engine(group_means_seed);
  const Groups groups{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1};
  Redrawn redrawn;
  for (int draw = 0; draw < redraws; ++draw) {
    redrawn.add(group_means(redraw_networks(groups, 1, 0.3, engine), groups, 2).between[0].mean);
  }
  MESSAGE("seed " << group_means_seed << ": ratio " << redrawn.ratio());
  CHECK(redrawn.ratio() > 0.8);
  CHECK(redrawn.ratio() < 1.2);
}

TEST_CASE("where pairs differ by themselves the standard error errs on the large side") {
  // Expected are √(2(n − 1)/(n − 2)): 2 for three networks, 1.49 for twelve.
  CHECK(within(0, 1, 3).ratio() == doctest::Approx(2).epsilon(0.1));
  CHECK(within(0, 1, 12).ratio() == doctest::Approx(1.49).epsilon(0.1));
}
