#include "livecca/snapshot/solve.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstring>

#include "livecca/common/error.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::centered;
using livecca_tests::eigenvalues;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;
using livecca_tests::orthonormal_basis_of_any_rank;
using livecca_tests::shared_latents;
using livecca_tests::solve_pair;
using livecca_tests::stream;
using livecca_tests::svd;

namespace {

constexpr std::uint64_t solve_seed = 314;

/// Canonical correlations from the activations themselves: orthonormal bases by pivoted QR, then
/// the cosines between them. No covariance is formed.
struct ByQr {
  Eigen::MatrixXd variates;  // of x, unit norm
  Eigen::VectorXd rho;
};

ByQr cca_by_qr(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  const Eigen::MatrixXd qx = orthonormal_basis_of_any_rank(centered(x));
  const auto cosines = svd(qx.transpose() * orthonormal_basis_of_any_rank(centered(y)));
  return {qx * cosines.left, cosines.values};
}

}  // namespace

TEST_CASE("canonical correlations and projection weights equal the direct computation") {
  Executor executor(2);
  for (const auto& [dx, dy] : {std::pair{12, 12}, {20, 7}, {6, 15}}) {
    CAPTURE(dx);
    const auto views = shared_latents(600, dx, dy, solve_seed);
    const PanelSolution solution = solve_pair(views.x, views.y, executor);
    const PairSolution& pair = solution.pairs[0];
    const ByQr direct = cca_by_qr(views.x, views.y);
    REQUIRE(pair.converged);
    REQUIRE(pair.canonical_correlations.size() == static_cast<std::size_t>(direct.rho.size()));
    // α_i = Σ_j |⟨h_i, x_j⟩|, literally.
    const Eigen::VectorXd alpha =
        (direct.variates.transpose() * centered(views.x)).cwiseAbs().rowwise().sum();
    for (Eigen::Index i = 0; i < direct.rho.size(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      CHECK(std::abs(pair.canonical_correlations[k] - direct.rho(i)) < 1e-12);
      CHECK(std::abs(pair.weights_x[k] - alpha(i) / alpha.sum()) < 1e-10);
    }
  }
}

TEST_CASE("SVCCA keeps the fewest directions that hold the share of variance") {
  Executor executor(1);
  // Variances 100, 10, 1, 0.1 in a random basis.
  const Eigen::MatrixXd scales =
      Eigen::Vector4d(10, std::sqrt(10.0), 1, std::sqrt(0.1)).asDiagonal();
  const Eigen::MatrixXd basis = orthonormal_basis(normal_matrix(4, 4, solve_seed));
  const Eigen::MatrixXd white = orthonormal_basis(centered(normal_matrix(300, 4, solve_seed + 1)));
  const Eigen::MatrixXd x = white * scales * basis;
  const Eigen::MatrixXd y = normal_matrix(300, 4, solve_seed + 2);
  const auto kept = [&](SolveOptions options) {
    return solve_pair(x, y, executor, options).taps[0].svcca_kept;
  };
  // Shares: 0.9001, 0.99010, 0.99910, 1.
  CHECK(kept({.keep_variance = 0.90}) == 1);
  CHECK(kept({.keep_variance = 0.95}) == 2);
  CHECK(kept({.keep_variance = 0.99}) == 2);
  CHECK(kept({.keep_variance = 0.995}) == 3);
  CHECK(kept({.keep_variance = 1.0}) == 4);
  CHECK(kept({.keep_variance = 0.9, .keep_directions = 3}) == 3);
  CHECK(kept({.keep_directions = 100}) == 4);
  const PanelSolution solution = solve_pair(x, y, executor, {.keep_directions = 2});
  // The two leading directions are the first two columns of `white`; y keeps its own two.
  CHECK(solution.pairs[0].svcca_correlations.size() == 2);
  const Eigen::VectorXd cosines =
      svd(white.leftCols(2).transpose() * svd(centered(y)).left.leftCols(2)).values;
  for (Eigen::Index i = 0; i < 2; ++i) {
    CHECK(std::abs(solution.pairs[0].svcca_correlations[static_cast<std::size_t>(i)] - cosines(i)) <
          1e-12);
  }
}

TEST_CASE("a linear map of full rank gives correlations of 1, in spite of rounding never more") {
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(400, 10, solve_seed);
  const PairSolution pair =
      solve_pair(x, x * normal_matrix(10, 10, solve_seed + 9), executor).pairs[0];
  for (const double rho : pair.canonical_correlations) {
    CHECK(rho <= 1.0);
    CHECK(rho > 1 - 1e-10);
  }
}

TEST_CASE("dead and dependent neurons lower the rank and change no correlation") {
  Executor executor(1);
  const auto views = shared_latents(500, 8, 6, solve_seed);
  Eigen::MatrixXd x(500, 12);
  x.leftCols(8) = views.x;
  x.col(8).setConstant(3.25);
  x.col(9).setZero();
  x.col(10) = views.x.col(0) + views.x.col(1);
  x.col(11) = -2 * views.x.col(3);
  const PanelSolution with = solve_pair(x, views.y, executor);
  const PanelSolution without = solve_pair(views.x, views.y, executor);
  CHECK(with.taps[0].rank == 8);
  CHECK(with.taps[0].constant_features == 2);
  REQUIRE(with.pairs[0].canonical_correlations.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(std::abs(with.pairs[0].canonical_correlations[i] -
                   without.pairs[0].canonical_correlations[i]) < 1e-12);
  }
}

TEST_CASE("n rows span at most n - 1 directions") {
  Executor executor(1);
  const PanelSolution solution =
      solve_pair(normal_matrix(5, 20, solve_seed), normal_matrix(5, 30, solve_seed + 1), executor);
  CHECK(solution.taps[0].rank == 4);
  CHECK(solution.taps[1].rank == 4);
  CHECK(solution.taps[0].svcca_kept <= 4);
  for (const double rho : solution.pairs[0].canonical_correlations) CHECK(rho > 1 - 1e-12);
}

TEST_CASE("degenerate windows give flags, not numbers") {
  Executor executor(1);
  const Eigen::MatrixXd x = normal_matrix(50, 3, solve_seed);
  SUBCASE("no rows") {
    const PanelSolution none = solve_pair(x.topRows(0), x.topRows(0), executor);
    CHECK_FALSE(none.pairs[0].present);
  }
  SUBCASE("one row") {
    const PanelSolution one = solve_pair(x.topRows(1), x.topRows(1), executor);
    CHECK(one.pairs[0].present);
    CHECK(one.pairs[0].canonical_correlations.empty());
  }
  SUBCASE("constant on one side") {
    const PanelSolution flat = solve_pair(x, Eigen::MatrixXd::Constant(50, 2, 0.1), executor);
    CHECK(flat.pairs[0].converged);
    CHECK(flat.taps[1].rank == 0);
    CHECK(flat.pairs[0].canonical_correlations.empty());
  }
  SUBCASE("variances at the end of float64's range") {
    const PanelSolution tiny = solve_pair(x * 1e-150, x, executor);
    CHECK(tiny.taps[0].constant_features == 3);
    CHECK(tiny.pairs[0].canonical_correlations.empty());
    const PanelSolution small = solve_pair(x * 1e-140, x, executor);
    CHECK(small.taps[0].rank == 3);
  }
  SUBCASE("the largest magnitudes that are let in") {
    const PanelSolution huge = solve_pair(x * 1e149, x * 1e-140, executor);
    CHECK(huge.pairs[0].converged);
    for (const double rho : huge.pairs[0].canonical_correlations) CHECK(rho > 1 - 1e-10);
    CHECK(std::abs(*huge.pairs[0].linear_cka - 1) < 1e-10);
  }
}

TEST_CASE("facts of a tap follow their definitions") {
  Executor executor(1);
  const Eigen::MatrixXd x =
      normal_matrix(200, 6, solve_seed) * Eigen::VectorXd::LinSpaced(6, 1, 6).asDiagonal();
  const TapSolution tap = solve_pair(x, x, executor).taps[0];
  const Eigen::MatrixXd covariance = centered(x).transpose() * centered(x) / 199;
  const Eigen::VectorXd variances = eigenvalues(covariance);
  CHECK(tap.effective_rank ==
        doctest::Approx(std::pow(variances.sum(), 2) / variances.squaredNorm()).epsilon(1e-12));
  const Eigen::VectorXd inverse = covariance.diagonal().cwiseSqrt().cwiseInverse();
  const Eigen::VectorXd correlation =
      eigenvalues(inverse.asDiagonal() * covariance * inverse.asDiagonal());
  CHECK(tap.condition.value() ==
        doctest::Approx(correlation.maxCoeff() / correlation.minCoeff()).epsilon(1e-10));
}

TEST_CASE("1, 2 and 4 threads solve to the same bits") {
  const auto views = shared_latents(400, 150, 140, solve_seed);
  const auto run = [&](int threads) {
    Executor executor(threads);
    return livecca::solve(stream(views.x, views.y, 100, executor), {}, executor).pairs[0];
  };
  const PairSolution one = run(1);
  for (const int threads : {2, 4}) {
    const PairSolution more = run(threads);
    CHECK(more.canonical_correlations == one.canonical_correlations);
    CHECK(more.weights_x == one.weights_x);
    CHECK(more.weights_y == one.weights_y);
    CHECK(more.svcca_correlations == one.svcca_correlations);
    CHECK(more.linear_cka == one.linear_cka);
  }
}

TEST_CASE("impossible options are refused") {
  Executor executor(1);
  CHECK_THROWS_AS(livecca::solve({}, {.keep_variance = 0}, executor), Error);
  CHECK_THROWS_AS(livecca::solve({}, {.keep_variance = 1.5}, executor), Error);
  CHECK_THROWS_AS(livecca::solve({}, {.keep_variance = std::nan("")}, executor), Error);
}
