#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::shared_latents;
using livecca_tests::solve_pair;

namespace {

constexpr std::uint64_t invariance_seed = 2718;

void check_near(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < tolerance);
}

}  // namespace

TEST_CASE("canonical correlations are invariant under invertible maps of either side") {
  Executor executor(2);
  const auto views = shared_latents(500, 10, 14, invariance_seed);
  const auto expected = solve_pair(views.x, views.y, executor).pairs[0];
  for (std::uint64_t draw = 0; draw < 5; ++draw) {
    CAPTURE(draw);
    const Eigen::MatrixXd a = normal_matrix(10, 10, invariance_seed + 10 * draw + 10);
    const Eigen::MatrixXd b = normal_matrix(14, 14, invariance_seed + 10 * draw + 11);
    const auto mapped = solve_pair((views.x * a).array() + 2.5, views.y * b, executor).pairs[0];
    // The map's condition is in the hundreds; its square multiplies the rounding of the moments.
    check_near(mapped.canonical_correlations, expected.canonical_correlations, 1e-9);
  }
}

TEST_CASE("neuron scales from 1e-8 to 1e8 change no canonical correlation and no rank") {
  Executor executor(2);
  const auto views = shared_latents(500, 9, 9, invariance_seed);
  const Eigen::VectorXd exponents = Eigen::VectorXd::LinSpaced(9, -8, 8);
  const Eigen::VectorXd scales =
      exponents.unaryExpr([](double exponent) { return std::pow(10.0, exponent); });
  const auto expected = solve_pair(views.x, views.y, executor);
  const auto scaled = solve_pair(views.x * scales.asDiagonal(), views.y, executor);
  CHECK(scaled.taps[0].rank == 9);
  check_near(scaled.pairs[0].canonical_correlations, expected.pairs[0].canonical_correlations,
             1e-12);
}

TEST_CASE("the order of neurons and of samples does not matter, nor does an offset of 1e8") {
  Executor executor(2);
  const auto views = shared_latents(400, 8, 8, invariance_seed);
  const auto expected = solve_pair(views.x, views.y, executor).pairs[0];
  const auto turned =
      solve_pair(views.x.rowwise().reverse(), views.y.rowwise().reverse(), executor).pairs[0];
  check_near(turned.canonical_correlations, expected.canonical_correlations, 1e-12);
  check_near(turned.weights_x, expected.weights_x, 1e-10);
  CHECK(std::abs(*turned.linear_cka - *expected.linear_cka) < 1e-13);
  const auto reversed =
      solve_pair(views.x.colwise().reverse(), views.y.colwise().reverse(), executor).pairs[0];
  check_near(reversed.canonical_correlations, expected.canonical_correlations, 1e-12);
  // The offset itself rounds the values to 1.5e-8, which moves a correlation by about as much.
  const auto shifted = solve_pair(views.x.array() + 1e8, views.y, executor).pairs[0];
  check_near(shifted.canonical_correlations, expected.canonical_correlations, 3e-8);
}

TEST_CASE("swapping the sides swaps the weights and nothing else") {
  Executor executor(2);
  const auto views = shared_latents(400, 11, 7, invariance_seed);
  const auto forth = solve_pair(views.x, views.y, executor).pairs[0];
  const auto back = solve_pair(views.y, views.x, executor).pairs[0];
  check_near(forth.canonical_correlations, back.canonical_correlations, 1e-13);
  check_near(forth.weights_x, back.weights_y, 1e-11);
  check_near(forth.svcca_correlations, back.svcca_correlations, 1e-13);
  CHECK(std::abs(*forth.linear_cka - *back.linear_cka) < 1e-14);
}

TEST_CASE("correlations lie in [0, 1] in descending order, and weights sum to 1") {
  Executor executor(2);
  for (std::uint64_t draw = 0; draw < 30; ++draw) {
    CAPTURE(draw);
    const auto dx = static_cast<Eigen::Index>(1 + draw % 17);
    const auto dy = static_cast<Eigen::Index>(1 + (draw * 7) % 23);
    const auto views =
        shared_latents(static_cast<Eigen::Index>(5 + draw * 5), dx, dy, invariance_seed + draw);
    const auto pair = solve_pair(views.x, views.y, executor).pairs[0];
    REQUIRE(pair.converged);
    double sum = 0;
    for (std::size_t i = 0; i < pair.canonical_correlations.size(); ++i) {
      CHECK(pair.canonical_correlations[i] >= 0);
      CHECK(pair.canonical_correlations[i] <= 1);
      if (i > 0) CHECK(pair.canonical_correlations[i - 1] >= pair.canonical_correlations[i]);
      CHECK(pair.weights_x[i] >= 0);
      sum += pair.weights_x[i];
    }
    CHECK(std::abs(sum - 1) < 1e-12);
  }
}
