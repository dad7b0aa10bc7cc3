#include "livecca/measures/noise_floor.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/measures/measure.hpp"
#include "panel_of_two.hpp"
#include "random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::solve_pair;

namespace {

constexpr std::uint64_t seed = 42;

struct Average {
  double mean = 0;
  double standard_error = 0;
};

/// What a measure scores on independent data: the mean over draws. Neurons of unequal scales, mixed
/// on x's side, so that PWCCA's weights and SVCCA's choice are not trivial.
Average independent_score(const char* measure, Eigen::Index n, Eigen::Index dx, Eigen::Index dy,
                          int draws, SolveOptions options = {}) {
  Executor executor(2);
  const Eigen::VectorXd scales = Eigen::VectorXd::LinSpaced(dx, 0, 2).array().exp();
  const Eigen::MatrixXd mix = scales.asDiagonal() * normal_matrix(dx, dx, seed);
  double sum = 0;
  double squares = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const auto offset = static_cast<std::uint64_t>(2 * draw);
    const auto solution = solve_pair(normal_matrix(n, dx, 1000 + offset) * mix,
                                     normal_matrix(n, dy, 1001 + offset), executor, options);
    const double score = *evaluate(solution, 0, *find_measure(measure)).value;
    sum += score;
    squares += score * score;
  }
  const double mean = sum / draws;
  return {mean, std::sqrt((squares / draws - mean * mean) / (draws - 1))};
}

}  // namespace

TEST_CASE("the floor agrees with simulation of independent data") {
  for (const auto& [n, dx, dy] :
       {std::tuple{128, 64, 64}, {640, 64, 64}, {300, 20, 50}, {90, 40, 60}}) {
    CAPTURE(n);
    const Average simulated = independent_score("mean_cca", n, dx, dy, 60);
    const double floor =
        mean_correlation_floor(static_cast<std::size_t>(dx), static_cast<std::size_t>(dy), n);
    // The law is asymptotic: 0.3 % beside the simulation's own noise.
    CHECK(std::abs(simulated.mean - floor) < 0.003 * floor + 4 * simulated.standard_error);
  }
}

TEST_CASE("PWCCA and SVCCA of independent data score the same floor") {
  for (const auto& [n, dx, dy] : {std::tuple{300, 30, 30}, {200, 15, 40}, {400, 60, 20}}) {
    CAPTURE(n);
    const double floor =
        mean_correlation_floor(static_cast<std::size_t>(dx), static_cast<std::size_t>(dy), n);
    for (const char* measure : {"pwcca", "pwcca_y"}) {
      CAPTURE(measure);
      const Average simulated = independent_score(measure, n, dx, dy, 80);
      CHECK(std::abs(simulated.mean - floor) < 0.003 * floor + 4 * simulated.standard_error);
    }
    const Average svcca = independent_score("svcca", n, dx, dy, 80, {.keep_directions = 8});
    const double svcca_floor = mean_correlation_floor(8, 8, n);
    CHECK(std::abs(svcca.mean - svcca_floor) < 0.01 * svcca_floor + 4 * svcca.standard_error);
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
