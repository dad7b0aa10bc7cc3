#include "livecca/measures/noise_floor.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "livecca/measures/measure.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t noise_floor_seed = 42;

/// Values of one measure over draws.
struct Average {
  double sum = 0;
  double squares = 0;
  int count = 0;

  void add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  double mean() const { return sum / count; }
  double standard_error() const {
    return std::sqrt(std::max(0.0, squares / count - mean() * mean()) / (count - 1));
  }
};

/// What every measure scores on independent data, and its mean floor, by name.
struct Scores {
  std::map<std::string, Average> values;
  std::map<std::string, Average> floors;

  void add(const PanelSolution& solution) {
    for (const MeasureInfo& info : measures()) {
      const MeasureResult result = evaluate(solution, 0, info);
      if (!result.value) continue;
      values[std::string(info.name)].add(*result.value);
      if (result.floor) floors[std::string(info.name)].add(*result.floor);
    }
  }
};

/// Neurons of scales from 1 to e, mixed on x's side, so that PWCCA's weights and SVCCA's choice
/// are not trivial.
Scores independent_scores(Eigen::Index n, Eigen::Index dx, Eigen::Index dy, int draws) {
  Executor executor(2);
  PanelOptions options;
  options.norm_sums = true;
  const Eigen::VectorXd scales = Eigen::VectorXd::LinSpaced(dx, 0, 1).array().exp();
  const Eigen::MatrixXd mix = scales.asDiagonal() * normal_matrix(dx, dx, noise_floor_seed);
  Scores scores;
  for (int draw = 0; draw < draws; ++draw) {
    const auto offset = static_cast<std::uint64_t>(2 * draw);
    const PanelMoments moments =
        stream(normal_matrix(n, dx, 1000 + offset) * mix, normal_matrix(n, dy, 1001 + offset), 512,
               executor, options);
    scores.add(solve(moments, {}, executor));
  }
  return scores;
}

}  // namespace

TEST_CASE("floors are what independent data score on average, within 1 %") {
  MESSAGE("seed " << noise_floor_seed);
  for (const auto& [n, dx, dy] : {std::tuple{96, 64, 64},
                                  {320, 64, 64},
                                  {3200, 64, 64},
                                  {96, 24, 64},
                                  {320, 64, 24},
                                  {2000, 24, 40}}) {
    CAPTURE(n);
    CAPTURE(dx);
    CAPTURE(dy);
    Scores scores = independent_scores(n, dx, dy, n < 1000 ? 240 : 60);
    for (auto& [name, floor] : scores.floors) {
      CAPTURE(name);
      const Average& value = scores.values[name];
      const double error = value.mean() - floor.mean();
      MESSAGE(n << " samples, " << dx << " and " << dy << ": " << name << " " << value.mean()
                << ", floor " << floor.mean());
      // These are 0 or nearly: in units of what they vary by.
      if (name == "linear_cka_debiased" || name == "rv2" || name == "r2_cca_adjusted") {
        CHECK(std::abs(error) < 4 * value.standard_error());
      } else {
        CHECK(std::abs(error) < 0.01 * floor.mean());
      }
    }
    CHECK(scores.floors.size() == 16);
  }
}

TEST_CASE("known values of the floor") {
  // Independent 64-d Gaussians: 0.64 at n = 128, 0.27 at n = 640.
  CHECK(mean_correlation_floor(64, 64, 128) == doctest::Approx(0.64).epsilon(0.01));
  CHECK(mean_correlation_floor(64, 64, 640) == doctest::Approx(0.27).epsilon(0.01));
  CHECK(mean_correlation_floor(0, 5, 100) == 0);
  CHECK(mean_correlation_floor(5, 5, 6) == 1);
  CHECK(mean_correlation_floor(3, 99, 100) == 1);
  CHECK(mean_correlation_floor(3, 3, 0) == 1);
}

TEST_CASE("the floor of one neuron is the mean root of its Beta distribution") {
  // With ρ = sin φ the density of φ is ∝ sin^(q−1) φ cos^(N−q−1) φ, and the midpoint rule is exact
  // to rounding.
  const auto mean_by_integration = [](std::size_t q, double n) {
    constexpr int points = 400000;
    const auto rank = static_cast<double>(q);
    double mass = 0;
    double moment = 0;
    for (int i = 0; i < points; ++i) {
      const double phi = std::acos(0.0) * (i + 0.5) / points;
      const double density =
          std::pow(std::sin(phi), rank - 1) * std::pow(std::cos(phi), n - rank - 2);
      mass += density;
      moment += std::sin(phi) * density;
    }
    return moment / mass;
  };
  for (const auto& [q, n] : {std::pair<std::size_t, double>{1, 5},
                             {1, 30},
                             {1, 1000},
                             {2, 30},
                             {7, 30},
                             {7, 400},
                             {60, 64}}) {
    CAPTURE(q);
    CAPTURE(n);
    const double expected = mean_by_integration(q, n);
    CHECK(mean_correlation_floor(1, q, n) == doctest::Approx(expected).epsilon(1e-8));
    CHECK(mean_correlation_floor(q, 1, n) == doctest::Approx(expected).epsilon(1e-8));
  }
}

TEST_CASE("the closed form of equal ranks continues the integral of unequal ones") {
  for (const std::size_t p : {200U, 2000U}) {
    for (const double share : {1.25, 5.0, 150.0}) {
      const double n = share * static_cast<double>(p);
      const double equal = mean_correlation_floor(p, p, n);
      const double wider = mean_correlation_floor(p, p + 1, n);
      const double narrower = mean_correlation_floor(p - 1, p, n);
      // Neighbours differ by O(1/p); the equal case lies between them to that order.
      CHECK(std::abs(equal - wider) < 1.0 / static_cast<double>(p));
      CHECK(std::abs(equal - (wider + narrower) / 2) < 0.6 / static_cast<double>(p));
    }
  }
}

TEST_CASE("the floor is symmetric in the ranks, falls with n and grows with either rank") {
  for (const auto& [p, q, n] :
       {std::tuple{10, 30, 200.0}, {50, 51, 120.0}, {1, 40, 50.0}, {2, 2, 1e6}}) {
    const auto a = static_cast<std::size_t>(p);
    const auto b = static_cast<std::size_t>(q);
    const double floor = mean_correlation_floor(a, b, n);
    CHECK(floor == mean_correlation_floor(b, a, n));
    CHECK(mean_correlation_floor(a, b, n * 1.5) < floor);
    CHECK(mean_correlation_floor(a, b + 2, n) > floor);
    CHECK(floor > 0);
    CHECK(floor <= 1);
  }
}
