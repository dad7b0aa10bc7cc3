#include "snapshot/decompositions.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "snapshot/dense/cholesky.hpp"
#include "support/decompositions.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;

namespace {

constexpr std::uint64_t decompositions_seed = 1618;

MatrixXd basis(Index rows, Index columns, std::uint64_t seed) {
  return orthonormal_basis(normal_matrix(rows, columns, decompositions_seed + seed));
}

double off_identity(const MatrixXd& columns) {
  const MatrixXd dots = columns.transpose() * columns;
  return (dots - MatrixXd::Identity(dots.rows(), dots.cols())).cwiseAbs().maxCoeff();
}

/// Descending numbers of size 1 and less, each kind hard in its way.
std::vector<std::pair<std::string, VectorXd>> spectra(Index size) {
  const VectorXd steps = VectorXd::LinSpaced(size, 0, 1);
  const auto powers = [&](double last) {
    return VectorXd(steps.unaryExpr([last](double t) { return std::pow(10.0, last * t); }));
  };
  VectorXd two = VectorXd::Ones(size);
  two.tail(size / 2).setConstant(1e-9);
  VectorXd clusters = VectorXd::Ones(size);
  for (Index i = 0; i < size; ++i) clusters(i) -= static_cast<double>(i % 5) * 1e-14;
  std::ranges::sort(clusters, std::ranges::greater());
  VectorXd few = VectorXd::Zero(size);
  few.head(3) << 1, 0.5, 1e-7;
  return {{"even", VectorXd(1 - 0.9 * steps.array())},
          {"to 1e-4", powers(-4)},
          {"to 1e-16", powers(-16)},
          {"to 1e-40", powers(-40)},
          {"equal", VectorXd::Ones(size)},
          {"two sizes", two},
          {"clusters", clusters},
          {"rank 3", few},
          {"nothing", VectorXd::Zero(size)}};
}

}  // namespace

TEST_CASE("eigenvalues are those that the matrix was made of, and vectors are orthogonal") {
  const Tasks tasks;
  for (const Index size : {5, 47, 48, 64, 65, 100, 131, 300}) {
    const MatrixXd vectors = basis(size, size, 1);
    for (const auto& [name, values] : spectra(size)) {
      CAPTURE(size);
      CAPTURE(name);
      for (const double scale : {1.0, 1e150, 1e-150}) {
        MatrixXd matrix = vectors * (scale * values).asDiagonal() * vectors.transpose();
        matrix = (0.5 * (matrix + matrix.transpose())).eval();
        const double rounding = 4e-16 * static_cast<double>(size);
        for (const bool with_vectors : {true, false}) {
          const SymmetricEigen eigen = symmetric_eigen(matrix, with_vectors, tasks);
          REQUIRE(eigen.converged);
          // Eigen's values without vectors are further off.
          CHECK((eigen.values / scale - values).cwiseAbs().maxCoeff() < 10 * rounding);
          CHECK(std::ranges::is_sorted(eigen.values, std::ranges::greater()));
          if (!with_vectors) continue;
          CHECK(off_identity(eigen.vectors) < rounding);
          const MatrixXd rest =
              matrix / scale * eigen.vectors - eigen.vectors * (eigen.values / scale).asDiagonal();
          CHECK(rest.cwiseAbs().maxCoeff() < rounding);
        }
      }
    }
  }
}

TEST_CASE("eigenvalues of tridiagonal matrices with many equal or nearly equal values") {
  const Tasks tasks;
  const Index size = 201;
  MatrixXd wilkinson = MatrixXd::Zero(size, size);
  for (Index i = 0; i < size; ++i) {
    wilkinson(i, i) = static_cast<double>(std::abs(i - size / 2));
    if (i > 0) wilkinson(i, i - 1) = wilkinson(i - 1, i) = 1;
  }
  MatrixXd second_differences = MatrixXd::Zero(size, size);
  for (Index i = 0; i < size; ++i) {
    second_differences(i, i) = 2;
    if (i > 0) second_differences(i, i - 1) = second_differences(i - 1, i) = -1;
  }
  for (const MatrixXd& matrix : {wilkinson, second_differences}) {
    const SymmetricEigen eigen = symmetric_eigen(matrix, true, tasks);
    REQUIRE(eigen.converged);
    CHECK(off_identity(eigen.vectors) < 1e-13);
    CHECK(
        (matrix * eigen.vectors - eigen.vectors * eigen.values.asDiagonal()).cwiseAbs().maxCoeff() <
        1e-12);
  }
  const VectorXd values = symmetric_eigen(second_differences, true, tasks).values;
  for (Index k = 0; k < size; ++k) {
    const double angle = M_PI * static_cast<double>(size - k) / (2.0 * (size + 1));
    CHECK(std::abs(values(k) - 4 * std::pow(std::sin(angle), 2)) < 1e-13);
  }
}

TEST_CASE("singular values keep the digits of small ones, and vectors are orthogonal") {
  const Tasks tasks;
  for (const auto& [rows, columns] :
       {std::pair{10, 7}, {48, 48}, {60, 200}, {200, 60}, {130, 131}, {257, 257}}) {
    const Index size = std::min(rows, columns);
    const MatrixXd left = basis(rows, size, 2);
    const MatrixXd right = basis(columns, size, 3);
    for (const auto& [name, values] : spectra(size)) {
      CAPTURE(rows);
      CAPTURE(name);
      for (const double scale : {1.0, 1e150, 1e-150}) {
        const MatrixXd matrix = left * (scale * values).asDiagonal() * right.transpose();
        for (const Vectors vectors : {Vectors::both, Vectors::left, Vectors::none}) {
          const SingularValues svd = singular_values(matrix, vectors, tasks);
          REQUIRE(svd.converged);
          CHECK((svd.values / scale - values).cwiseAbs().maxCoeff() < 2e-14);
          CHECK(std::ranges::is_sorted(svd.values, std::ranges::greater()));
          CHECK(svd.values.minCoeff() >= 0);
          CHECK((svd.right.size() > 0) == (vectors == Vectors::both));
          CHECK((svd.left.size() > 0) == (vectors != Vectors::none));
          if (vectors == Vectors::none) continue;
          CHECK(off_identity(svd.left) < 1e-12);
          if (vectors == Vectors::left) {
            // Rows of diag(values) · right, whose lengths are the values.
            const MatrixXd turned = svd.left.transpose() * (matrix / scale);
            CHECK((turned.rowwise().norm() - svd.values / scale).cwiseAbs().maxCoeff() < 2e-14);
            const MatrixXd square = turned * turned.transpose();
            CHECK((square - MatrixXd(square.diagonal().asDiagonal())).cwiseAbs().maxCoeff() <
                  1e-14);
            continue;
          }
          CHECK(off_identity(svd.right) < 1e-12);
          CHECK((svd.left * (svd.values / scale).asDiagonal() * svd.right.transpose() -
                 matrix / scale)
                    .cwiseAbs()
                    .maxCoeff() < 1e-14);
        }
      }
    }
  }
}

TEST_CASE("a Cholesky factor and its inverse, or none") {
  const Tasks tasks;
  for (const Index size : {1, 3, 63, 64, 65, 128, 200, 301}) {
    CAPTURE(size);
    const MatrixXd vectors = basis(size, size, 4);
    const VectorXd values = VectorXd::LinSpaced(size, 1, size > 1 ? 1e-3 : 1);
    const MatrixXd matrix = vectors * values.asDiagonal() * vectors.transpose();
    const auto factor = cholesky(matrix, 1e-9, tasks);
    REQUIRE(factor);
    CHECK((factor->lower * factor->lower.transpose() - matrix).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((factor->inverse * factor->lower - MatrixXd::Identity(size, size)).cwiseAbs().maxCoeff() <
          1e-13);
    CHECK(factor->lower.isLowerTriangular(0));
    CHECK(factor->inverse.isLowerTriangular(0));
    // The norm of the sum of absolute values is at most √size times the largest eigenvalue.
    const double condition = 1 / factor->reciprocal_condition;
    CHECK(condition <= 1.01e3 * static_cast<double>(size));
    if (size > 1) CHECK(condition > 1e3 / (3 * static_cast<double>(size)));
    const auto refused = cholesky(matrix, 2, tasks);
    CHECK((refused && refused->inverse.size() == 0));
    MatrixXd indefinite = matrix;
    indefinite(size - 1, size - 1) -= 1;
    CHECK_FALSE(cholesky(indefinite, 1e-9, tasks));
  }
}

TEST_CASE("the number of threads changes no bit of a decomposition") {
  Executor two(2);
  Executor three(3);
  for (const Index size : {60, 200, 450}) {
    CAPTURE(size);
    const MatrixXd x = normal_matrix(size + 20, size, decompositions_seed + 5);
    const MatrixXd matrix = x.transpose() * x / static_cast<double>(size);
    const SymmetricEigen eigen = symmetric_eigen(matrix, true, Tasks());
    const SingularValues svd = singular_values(x, Vectors::both, Tasks());
    const auto factor = cholesky(matrix, 1e-9, Tasks());
    for (Executor* executor : {&two, &three}) {
      const Tasks tasks(*executor);
      const SymmetricEigen again = symmetric_eigen(matrix, true, tasks);
      CHECK(again.values == eigen.values);
      CHECK(again.vectors == eigen.vectors);
      const SingularValues svd_again = singular_values(x, Vectors::both, tasks);
      CHECK(svd_again.values == svd.values);
      CHECK(svd_again.left == svd.left);
      CHECK(svd_again.right == svd.right);
      const auto factor_again = cholesky(matrix, 1e-9, tasks);
      REQUIRE(factor_again.has_value() == factor.has_value());
      if (factor) CHECK(factor_again->inverse == factor->inverse);
    }
  }
}

TEST_CASE("a wide pair has the canonical correlations and weights of the direct computation") {
  Executor one(1);
  Executor two(2);
  const auto views = livecca_tests::shared_latents(1500, 400, 390, decompositions_seed + 6);
  const PanelMoments moments = livecca_tests::stream(views.x, views.y, 500, one);
  const PanelSolution solution = solve(moments, {}, one);
  const PairSolution& pair = solution.pairs[0];
  REQUIRE(pair.converged);
  const MatrixXd qx = orthonormal_basis(livecca_tests::centered(views.x));
  const auto direct =
      livecca_tests::svd(qx.transpose() * orthonormal_basis(livecca_tests::centered(views.y)));
  const VectorXd alpha = ((qx * direct.left).transpose() * livecca_tests::centered(views.x))
                             .cwiseAbs()
                             .rowwise()
                             .sum();
  REQUIRE(pair.canonical_correlations.size() == 390);
  for (Index i = 0; i < direct.values.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    CHECK(std::abs(pair.canonical_correlations[k] - direct.values(i)) < 1e-12);
    CHECK(std::abs(pair.weights_x[k] - alpha(i) / alpha.sum()) < 1e-10);
  }
  const PanelSolution again = solve(moments, {}, two);
  CHECK(again.pairs[0].canonical_correlations == pair.canonical_correlations);
  CHECK(again.pairs[0].weights_x == pair.weights_x);
  CHECK(again.pairs[0].svcca_correlations == pair.svcca_correlations);
  CHECK(again.pairs[0].procrustes == pair.procrustes);
  CHECK(again.pairs[0].partial_whitening_cosine == pair.partial_whitening_cosine);
  CHECK(again.taps[0].condition == solution.taps[0].condition);
}

TEST_CASE("one side's weights alone are those of both sides together") {
  Executor executor(2);
  // Narrow and wide ones, with the first side narrower, as wide, and wider.
  for (const auto& [features_x, features_y] :
       {std::pair{7, 11}, {11, 7}, {9, 9}, {60, 90}, {90, 60}, {64, 64}}) {
    CAPTURE(features_x);
    CAPTURE(features_y);
    const auto views =
        livecca_tests::shared_latents(600, features_x, features_y, decompositions_seed + 8);
    const PanelMoments moments = livecca_tests::stream(views.x, views.y, 200, executor);
    const auto pair_with = [&](const Quantities& quantities) {
      return solve(moments, {.quantities = quantities}, executor).pairs[0];
    };
    const PairSolution both = pair_with({.weights_x = true, .weights_y = true});
    const PairSolution of_x = pair_with({.weights_x = true});
    const PairSolution of_y = pair_with({.weights_y = true});
    REQUIRE(both.converged);
    CHECK(of_x.weights_y.empty());
    CHECK(of_y.weights_x.empty());
    CHECK_FALSE(both.regression_x_from_y);
    for (std::size_t k = 0; k < both.weights_x.size(); ++k) {
      CHECK(std::abs(of_x.canonical_correlations[k] - both.canonical_correlations[k]) < 1e-14);
      CHECK(std::abs(of_y.canonical_correlations[k] - both.canonical_correlations[k]) < 1e-14);
      CHECK(std::abs(of_x.weights_x[k] - both.weights_x[k]) < 1e-12);
      CHECK(std::abs(of_y.weights_y[k] - both.weights_y[k]) < 1e-12);
    }
  }
}

TEST_CASE("ranks of wide taps: dependent and dead neurons, and fewer rows than neurons") {
  Executor executor(2);
  const auto views = livecca_tests::shared_latents(900, 90, 70, decompositions_seed + 7);
  MatrixXd x(900, 120);
  x.leftCols(90) = views.x;
  x.middleCols(90, 20) = views.x.leftCols(20) - 3 * views.x.middleCols(20, 20);
  x.rightCols(10).setConstant(-2.5);
  // In another order, so that dead and dependent neurons are among the others.
  MatrixXd mixed(900, 120);
  for (Index j = 0; j < 120; ++j) mixed.col(j * 49 % 120) = x.col(j);
  const PanelSolution with = livecca_tests::solve_pair(mixed, views.y, executor);
  const PanelSolution without = livecca_tests::solve_pair(views.x, views.y, executor);
  CHECK(with.taps[0].rank == 90);
  CHECK(with.taps[0].constant_features == 10);
  CHECK(with.taps[0].whitening == Whitening::eigen);
  CHECK(without.taps[0].whitening == Whitening::cholesky);
  const auto& found = with.pairs[0].canonical_correlations;
  const auto& expected = without.pairs[0].canonical_correlations;
  REQUIRE(found.size() == 70);
  REQUIRE(expected.size() == 70);
  for (std::size_t i = 0; i < 70; ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-12);

  const PanelSolution few =
      livecca_tests::solve_pair(normal_matrix(100, 150, decompositions_seed + 8),
                                normal_matrix(100, 130, decompositions_seed + 9), executor);
  CHECK(few.taps[0].rank == 99);
  CHECK(few.taps[1].rank == 99);
  CHECK(few.pairs[0].converged);
  for (const double rho : few.pairs[0].canonical_correlations) CHECK(rho > 1 - 1e-12);
}
