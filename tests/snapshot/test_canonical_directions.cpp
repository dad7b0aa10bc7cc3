#include "livecca/activations/eigen.hpp"
#include "livecca/snapshot/canonical_directions.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <cmath>

#include "livecca/common/error.hpp"
#include "livecca/snapshot/solve.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using Eigen::MatrixXd;
using livecca_tests::shared_latents;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t canonical_directions_seed = 77;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

MatrixXd projected(const DirectionsOfSide& side, const MatrixXd& samples) {
  const std::vector<double> values = project(side, view_of(samples));
  return Eigen::Map<const RowMajor>(values.data(), samples.rows(),
                                    static_cast<Eigen::Index>(values.size()) / samples.rows());
}

}  // namespace

TEST_CASE("variates have mean 0, variance 1, no correlation within a side and ρ across") {
  Executor executor(1);
  auto views = shared_latents(400, 9, 6, canonical_directions_seed);
  views.x.array() += 1e6;
  const PanelMoments moments = stream(views.x, views.y, 100, executor);
  const CanonicalDirections directions = canonical_directions(moments, 0, 4);
  REQUIRE(directions.count() == 4);
  const auto rho = livecca::solve(moments, {}, executor).pairs[0].canonical_correlations;
  const MatrixXd x = projected(directions.x, views.x);
  const MatrixXd y = projected(directions.y, views.y);
  const MatrixXd identity = MatrixXd::Identity(4, 4);
  CHECK((x.transpose() * x / 399 - identity).cwiseAbs().maxCoeff() < 1e-9);
  CHECK((y.transpose() * y / 399 - identity).cwiseAbs().maxCoeff() < 1e-11);
  CHECK(x.colwise().mean().cwiseAbs().maxCoeff() < 1e-9);
  const MatrixXd cross = x.transpose() * y / 399;
  for (Eigen::Index i = 0; i < 4; ++i) {
    CHECK(std::abs(cross(i, i) - rho[static_cast<std::size_t>(i)]) < 1e-9);
    CHECK(std::abs(directions.correlations[static_cast<std::size_t>(i)] -
                   rho[static_cast<std::size_t>(i)]) < 1e-12);
  }
  CHECK((cross - MatrixXd(cross.diagonal().asDiagonal())).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("a shared neuron is found in the leading direction") {
  Executor executor(1);
  MatrixXd x = livecca_tests::normal_matrix(2000, 6, canonical_directions_seed);
  MatrixXd y = livecca_tests::normal_matrix(2000, 5, canonical_directions_seed + 1);
  y.col(3) = 10 * x.col(2);
  const CanonicalDirections directions = canonical_directions(stream(x, y, 500, executor), 0, 1);
  Eigen::Index neuron = 0;
  Eigen::Map<const Eigen::VectorXd>(directions.x.coefficients.data(), 6)
      .cwiseAbs()
      .maxCoeff(&neuron);
  CHECK(neuron == 2);
  Eigen::Map<const Eigen::VectorXd>(directions.y.coefficients.data(), 5)
      .cwiseAbs()
      .maxCoeff(&neuron);
  CHECK(neuron == 3);
  CHECK(std::abs(std::abs(directions.y.coefficients[3]) * 10 - 1) < 0.1);
}

TEST_CASE("dead neurons have coefficient 0, and a cut tap names its neurons") {
  Executor executor(1);
  auto views = shared_latents(400, 9, 6, canonical_directions_seed + 2);
  views.x.col(4).setConstant(3);
  const CanonicalDirections dead =
      canonical_directions(stream(views.x, views.y, 100, executor), 0, 2);
  CHECK(dead.x.coefficients[4] == 0);
  CHECK(dead.x.coefficients[9 + 4] == 0);
  PanelOptions cut;
  cut.max_features = 5;
  cut.feature_seed = 3;
  const CanonicalDirections some =
      canonical_directions(stream(views.x, views.y, 100, executor, cut), 0, 2);
  CHECK(some.x.features_of_tap == 9);
  REQUIRE(some.x.neurons.size() == 5);
  MatrixXd chosen(400, 5);
  for (Eigen::Index j = 0; j < 5; ++j) {
    chosen.col(j) =
        views.x.col(static_cast<Eigen::Index>(some.x.neurons[static_cast<std::size_t>(j)]));
  }
  const MatrixXd variates = projected(some.x, views.x);
  const Eigen::Map<const MatrixXd> coefficients(some.x.coefficients.data(), 5, 2);
  const MatrixXd expected = (chosen.rowwise() - chosen.colwise().mean()) * coefficients;
  CHECK((variates - expected).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("fewer directions where the ranks allow no more, none where a side is constant") {
  Executor executor(1);
  auto views = shared_latents(100, 4, 3, canonical_directions_seed + 3);
  const PanelMoments moments = stream(views.x, views.y, 100, executor);
  CHECK(canonical_directions(moments, 0, 10).count() == 3);
  CHECK_THROWS_AS(canonical_directions(moments, 1, 1), Error);
  views.y.setOnes();
  CHECK(canonical_directions(stream(views.x, views.y, 100, executor), 0, 10).count() == 0);
  const auto directions = canonical_directions(moments, 0, 1);
  CHECK_THROWS_AS(project(directions.x, view_of(views.y)), Error);
  views.x(7, 1) = std::nan("");
  CHECK(std::isnan(projected(directions.x, views.x)(7, 0)));
  CHECK(std::isfinite(projected(directions.x, views.x)(8, 0)));
}
