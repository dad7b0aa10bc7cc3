#include "livecca/activations/eigen.hpp"
#include "livecca/snapshot/solver.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/common/error.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using livecca_tests::centered;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;
using livecca_tests::shared_latents;
using livecca_tests::solve_pair;
using livecca_tests::stream;
using livecca_tests::svd;

namespace {

constexpr std::uint64_t solver_seed = 808;

/// Canonical correlations from the activations: cosines between column spaces of full rank.
VectorXd direct(const MatrixXd& x, const MatrixXd& y) {
  return svd(orthonormal_basis(centered(x)).transpose() * orthonormal_basis(centered(y))).values;
}

double worst(const std::vector<double>& rho, const VectorXd& expected) {
  REQUIRE(static_cast<Eigen::Index>(rho.size()) == expected.size());
  return (VectorXd::Map(rho.data(), expected.size()) - expected).cwiseAbs().maxCoeff();
}

/// Neurons whose correlation matrix has the condition asked for: noise around one signal.
MatrixXd of_condition(double condition, const MatrixXd& noise) {
  // Equal correlation r between d neurons: eigenvalues 1 + (d − 1) r and 1 − r.
  const auto d = static_cast<double>(noise.cols());
  const double r = (condition - 1) / (condition - 1 + d);
  const VectorXd signal = normal_matrix(noise.rows(), 1, solver_seed + 5);
  return (std::sqrt(1 - r) * noise).colwise() + std::sqrt(r) * signal;
}

Quantities only_correlations() { return {.whitening = true, .correlations = true}; }

}  // namespace

TEST_CASE("well conditioned sides are whitened by Cholesky, all others by eigenvectors") {
  Executor executor(1);
  const MatrixXd noise = normal_matrix(600, 10, solver_seed);
  const MatrixXd y =
      noise * normal_matrix(10, 7, solver_seed + 1) + normal_matrix(600, 7, solver_seed + 2);
  for (const auto& [condition, expected, tolerance] : {std::tuple{10.0, Whitening::cholesky, 1e-13},
                                                       {1e3, Whitening::cholesky, 1e-12},
                                                       {1e8, Whitening::eigen, 1e-7},
                                                       {1e11, Whitening::eigen, 1e-4}}) {
    CAPTURE(condition);
    const MatrixXd x = of_condition(condition, noise);
    const PanelSolution solution = solve_pair(x, y, executor);
    CHECK(solution.taps[0].whitening == expected);
    CHECK(solution.taps[0].rank == 10);
    CHECK(solution.taps[0].condition.value() > condition / 3);
    CHECK(solution.taps[0].condition.value() < condition * 3);
    // Moments keep ε · condition of what the activations say.
    CHECK(worst(solution.pairs[0].canonical_correlations, direct(x, y)) < tolerance);
  }
}

TEST_CASE("the factor does not whiten what is rank deficient") {
  Executor executor(1);
  const auto views = shared_latents(300, 8, 6, solver_seed);
  const auto whitening_of = [&](const MatrixXd& x) {
    return solve_pair(x, views.y, executor).taps[0].whitening;
  };
  CHECK(whitening_of(views.x) == Whitening::cholesky);
  MatrixXd twin = views.x;
  twin.col(3) = 2 * twin.col(0);
  CHECK(whitening_of(twin) == Whitening::eigen);
  MatrixXd dead = views.x;
  dead.col(5).setConstant(1);
  CHECK(whitening_of(dead) == Whitening::cholesky);  // dead neurons leave, the others are sound
  const PanelSolution few = solve_pair(views.x.topRows(8), views.y.topRows(8), executor);
  CHECK(few.taps[0].whitening == Whitening::eigen);
  CHECK(few.taps[0].rank == 7);
}

TEST_CASE("correlations come from squares, but where some are tiny from an SVD") {
  Executor executor(1);
  SolveOptions options;
  options.quantities = only_correlations();
  const auto views = shared_latents(500, 9, 6, solver_seed + 3);
  const PairSolution squares = solve_pair(views.x, views.y, executor, options).pairs[0];
  CHECK(squares.spectrum == SpectrumMethod::gram);
  CHECK(worst(squares.canonical_correlations, direct(views.x, views.y)) < 1e-12);
  CHECK(solve_pair(views.x, views.y, executor).pairs[0].spectrum == SpectrumMethod::svd);

  // Orthonormal columns, mixed so that ρ are what they are said to be.
  const MatrixXd q = orthonormal_basis(centered(normal_matrix(500, 8, solver_seed + 4)));
  const Eigen::Vector4d rho(0.9, 0.1, 1e-5, 1e-8);
  const MatrixXd x = q.leftCols(4);
  const MatrixXd y = x * rho.asDiagonal() +
                     q.rightCols(4) * (1 - rho.array().square()).sqrt().matrix().asDiagonal();
  const PairSolution tiny = solve_pair(x, y, executor, options).pairs[0];
  CHECK(tiny.spectrum == SpectrumMethod::svd);
  CHECK(worst(tiny.canonical_correlations, rho) < 1e-14);
}

TEST_CASE("only what is asked for is solved, and comes out the same") {
  Executor executor(1);
  const auto views = shared_latents(400, 9, 6, solver_seed + 6);
  const PanelMoments moments = stream(views.x, views.y, 100, executor);
  const PanelSolution all = livecca::solve(moments, {}, executor);
  const auto with = [&](Quantities quantities) {
    SolveOptions options;
    options.quantities = quantities;
    return livecca::solve(moments, options, executor);
  };
  SUBCASE("nothing: CKA, without any decomposition") {
    const PanelSolution bare = with({});
    CHECK(bare.taps[0].whitening == Whitening::none);
    CHECK_FALSE(bare.taps[0].rank);
    CHECK_FALSE(bare.taps[0].condition);
    CHECK(bare.pairs[0].spectrum == SpectrumMethod::none);
    CHECK(bare.pairs[0].canonical_correlations.empty());
    CHECK_FALSE(bare.pairs[0].shape_cosine);
    CHECK(bare.pairs[0].linear_cka == all.pairs[0].linear_cka);
    CHECK(bare.taps[0].effective_rank == all.taps[0].effective_rank);
  }
  SUBCASE("whitening: mean ρ² without singular values") {
    const PanelSolution white = with({.whitening = true});
    CHECK(white.pairs[0].canonical_correlations.empty());
    CHECK(white.pairs[0].squared_correlation_sum == all.pairs[0].squared_correlation_sum);
    CHECK_FALSE(white.pairs[0].regression_x_from_y);
    const PanelSolution regression = with({.regression = true});
    CHECK(regression.pairs[0].regression_x_from_y == all.pairs[0].regression_x_from_y);
    CHECK(regression.pairs[0].regression_y_from_x == all.pairs[0].regression_y_from_x);
    CHECK(regression.pairs[0].canonical_correlations.empty());
    CHECK_FALSE(white.taps[0].condition);
  }
  SUBCASE("correlations: no vectors, no weights") {
    const PanelSolution plain = with(only_correlations());
    CHECK(plain.pairs[0].weights_x.empty());
    CHECK(plain.pairs[0].canonical_correlations.size() == 6);
    CHECK(plain.taps[0].svcca_kept == 0);
  }
  SUBCASE("SVCCA: no whitening of what it leaves out") {
    const PanelSolution truncated = with({.svcca = true});
    CHECK(truncated.taps[0].whitening == Whitening::none);
    CHECK(truncated.pairs[0].svcca_correlations == all.pairs[0].svcca_correlations);
  }
  SUBCASE("shape distances: no whitening") {
    const PanelSolution shapes = with({.nuclear_norm = true});
    CHECK(shapes.taps[0].whitening == Whitening::none);
    CHECK(shapes.pairs[0].shape_cosine == all.pairs[0].shape_cosine);
    CHECK_FALSE(shapes.pairs[0].partial_whitening_cosine);
  }
}

TEST_CASE("a tap is whitened once however many pairs it is in, and again only when it changed") {
  Executor executor(2);
  Panel panel(executor, {.window = Window::all()});
  const auto views = shared_latents(300, 6, 6, solver_seed + 7);
  for (const char* network : {"a", "b", "c"}) panel.add_tap({network, "layer"}, Layout::nc);
  for (const auto& [x, y] : {std::pair{0, 1}, {0, 2}, {1, 2}, {2, 0}}) {
    panel.add_pair(static_cast<std::size_t>(x), static_cast<std::size_t>(y));
  }
  const auto feed = [&] {
    auto step = panel.begin();
    step.observe(0, view_of(views.x));
    step.observe(1, view_of(views.y));
    step.observe(2, view_of(views.x));
    step.commit();
  };
  feed();
  Solver solver(executor);
  const PanelMoments window = panel.copy_moments();
  const PanelSolution first = solver.solve(window, {});
  CHECK(solver.whitened_taps() == 3);
  const PanelSolution again = solver.solve(window, {});
  CHECK(solver.whitened_taps() == 3);
  CHECK(again.pairs[3].canonical_correlations == first.pairs[3].canonical_correlations);
  CHECK(again.taps[1].rank == first.taps[1].rank);
  PanelMoments changed = window;
  changed.taps[1].moments->decay(0.5);
  solver.solve(changed, {});
  CHECK(solver.whitened_taps() == 4);
  solver.solve(window, {.keep_variance = 0.5});
  CHECK(solver.whitened_taps() == 7);
  feed();
  solver.solve(panel.copy_moments(), {.keep_variance = 0.5});
  CHECK(solver.whitened_taps() == 10);
}

TEST_CASE("every change of moments gives them a version of their own; copies keep it") {
  Executor executor(1);
  const auto views = shared_latents(50, 3, 3, solver_seed + 8);
  Moments moments = *stream(views.x, views.y, 50, executor).taps[0].moments;
  const Moments copy = moments;
  CHECK(copy.version() == moments.version());
  std::uint64_t last = moments.version();
  const auto expect_new = [&] {
    CHECK(moments.version() != last);
    last = moments.version();
  };
  moments.merge(copy);
  expect_new();
  moments.decay(0.5);
  expect_new();
  moments.decay(1);
  CHECK(moments.version() == last);
  moments.reset();
  expect_new();
  PackedRows rows;
  REQUIRE(rows.pack(view_of(views.x), Layout::nc, {}, 0));
  const std::vector<std::uint8_t> keep(50, 1);
  rows.center(keep);
  moments.update(rows, executor);
  expect_new();
  CHECK(Moments(3).version() != Moments(3).version());
}

TEST_CASE("an impossible α is refused") {
  Executor executor(1);
  CHECK_THROWS_WITH_AS(livecca::solve({}, {.partial_whitening_alpha = 1.5}, executor),
                       "solve: expected partial_whitening_alpha from 0 to 1, got 1.500000", Error);
}

TEST_CASE("shares of variance are the covariance's eigenvalues, by whichever way they are found") {
  Executor executor(1);
  const auto shares = [&](const MatrixXd& x, const Quantities& quantities) {
    SolveOptions options;
    options.quantities = quantities;
    return solve_pair(x, x.leftCols(2), executor, options).taps[0].variance_shares;
  };
  const auto expected = [](const MatrixXd& x) {
    const VectorXd values =
        Eigen::SelfAdjointEigenSolver<MatrixXd>(centered(x).transpose() * centered(x))
            .eigenvalues();
    return VectorXd(values.reverse() / values.sum());
  };
  const auto falling = [](Eigen::Index n, Eigen::Index d, double power) {
    const Eigen::ArrayXd scale =
        Eigen::ArrayXd::LinSpaced(d, 1, static_cast<double>(d)).pow(-power / 2);
    return MatrixXd(normal_matrix(n, d, solver_seed + 9) * scale.matrix().asDiagonal());
  };
  // The last is wide enough for float32, and falls too fast for it.
  for (const auto& [n, d, power, tolerance] : {std::tuple{50, 2, 0.0, 1e-14},
                                               {300, 40, 1.0, 1e-14},
                                               {20, 40, 1.0, 1e-14},
                                               {300, 257, 0.5, 3e-7},
                                               {600, 260, 4.0, 1e-14}}) {
    CAPTURE(d);
    CAPTURE(n);
    const MatrixXd x = falling(n, d, power);
    const VectorXd truth = expected(x);
    const auto rank = static_cast<std::size_t>(std::min(n - 1, d));
    for (const Quantities& quantities :
         {Quantities{.nuclear_norm = true}, Quantities{.svcca = true, .nuclear_norm = true}}) {
      const auto found = shares(x, quantities);
      REQUIRE(found.size() == rank);
      for (std::size_t i = 0; i < rank; ++i) {
        CHECK(std::abs(found[i] - truth(static_cast<Eigen::Index>(i))) < tolerance);
      }
    }
    CHECK(shares(x, {.svcca = true}).empty());
  }
  // Two equal neurons: one direction is rounding.
  MatrixXd twins = falling(30, 4, 1);
  twins.col(3) = twins.col(0);
  CHECK(shares(twins, {.nuclear_norm = true}).size() == 3);
  CHECK(shares(1e140 * twins, {.nuclear_norm = true}).size() == 3);
}
