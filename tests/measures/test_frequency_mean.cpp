#include "livecca/measures/frequency_mean.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <utility>

#include "livecca/measures/noise_floor.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "support/decompositions.hpp"
#include "support/random_data.hpp"

// Per frequency against a complex CCA of the coefficients themselves, by QR and SVD.

using namespace livecca;
using Eigen::MatrixXcd;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;
using livecca_tests::orthonormal_basis;
using livecca_tests::SingularValueDecomposition;
using livecca_tests::svd;

namespace {

constexpr std::uint64_t frequency_mean_seed = 515;
constexpr Eigen::Index fourier_images = 120;

/// Images × (channels · height · width), NCHW.
struct Maps {
  MatrixXd values;  ///< images × all the rest, column-major
  std::int64_t channels;
  Grid grid;

  ActivationView view() const {
    const std::array<std::int64_t, 4> shape{values.rows(), channels,
                                            static_cast<std::int64_t>(grid.height),
                                            static_cast<std::int64_t>(grid.width)};
    const auto rows = static_cast<std::int64_t>(values.rows());
    const auto width = static_cast<std::int64_t>(grid.width);
    const std::array<std::int64_t, 4> strides{1, rows * static_cast<std::int64_t>(grid.size()),
                                              rows * width, rows};
    return {values.data(), DType::float64, shape, strides};
  }

  /// The coefficients at one frequency, images × channels, by the definition.
  MatrixXcd at(const Frequency& frequency) const {
    MatrixXcd result = MatrixXcd::Zero(values.rows(), channels);
    const auto size = static_cast<Eigen::Index>(grid.size());
    for (Eigen::Index c = 0; c < channels; ++c) {
      for (Eigen::Index p = 0; p < size; ++p) {
        const auto width = static_cast<Eigen::Index>(grid.width);
        const double turns =
            static_cast<double>(frequency.height * (p / width)) / static_cast<double>(grid.height) +
            static_cast<double>(frequency.width * (p % width)) / static_cast<double>(grid.width);
        result.col(c) += values.col(c * size + p) *
                         std::polar(1.0 / static_cast<double>(size), -2 * std::numbers::pi * turns);
      }
    }
    return result;
  }
};

Maps maps(std::int64_t channels, Grid grid, const MatrixXd& latents, std::uint64_t draw) {
  const auto width = channels * static_cast<Eigen::Index>(grid.size());
  return {latents * normal_matrix(latents.cols(), width, frequency_mean_seed + draw) +
              normal_matrix(latents.rows(), width, frequency_mean_seed + draw + 1),
          channels, grid};
}

struct SolvedFourier {
  PanelMoments moments;
  PanelSolution solution;
  std::vector<LayerPair> layers;
  std::vector<FourierTaps::PairAtFrequency> pairs;
};

SolvedFourier solve_fourier(const Maps& x, const Maps& y) {
  Executor executor(1);
  Panel panel(executor, {});
  const auto shape = [](const Maps& of) {
    return TapShape{.features = static_cast<std::size_t>(of.channels),
                    .grid = of.grid,
                    .dtype = DType::float64};
  };
  FourierTaps taps_x(panel, {"net", "conv"}, Layout::nchw, shape(x), y.grid);
  FourierTaps taps_y(panel, {"reference", "conv"}, Layout::nchw, shape(y), x.grid);
  SolvedFourier result;
  result.pairs = add_pairs(panel, taps_x, taps_y);
  auto step = panel.begin();
  taps_x.observe(step, x.view());
  taps_y.observe(step, y.view());
  step.commit();
  result.moments = panel.end_window();
  result.solution = livecca::solve(result.moments, {}, executor);
  result.layers = layer_pairs(result.moments);
  return result;
}

MatrixXcd complex_centered(const MatrixXcd& m) { return m.rowwise() - m.colwise().mean(); }

/// The complex CCA of two layers at a frequency, centered samples × features.
struct ComplexCca {
  ComplexCca(MatrixXcd x, MatrixXcd y)
      : zx(std::move(x)),
        zy(std::move(y)),
        cosines(svd(orthonormal_basis(zx).adjoint() * orthonormal_basis(zy))) {}

  double nuclear_norm() const { return svd(zx.adjoint() * zy).values.sum(); }
  double mean() const { return cosines.values.mean(); }
  double pwcca() const {
    const Eigen::RowVectorXd alpha =
        (zx.adjoint() * orthonormal_basis(zx) * cosines.left).cwiseAbs().colwise().sum();
    return alpha.dot(cosines.values) / alpha.sum();
  }
  double linear_cka() const {
    return (zx.adjoint() * zy).squaredNorm() / (zx.adjoint() * zx).norm() /
           (zy.adjoint() * zy).norm();
  }
  double angular() const { return std::acos(nuclear_norm() / zx.norm() / zy.norm()); }
  double regression_x_from_y() const {
    return (orthonormal_basis(zy).adjoint() * zx).squaredNorm() / zx.squaredNorm();
  }

  MatrixXcd zx;
  MatrixXcd zy;
  SingularValueDecomposition<MatrixXcd> cosines;
};

void check_frequency(const SolvedFourier& solved, const PairSolution& found,
                     const ComplexCca& expected) {
  REQUIRE(found.canonical_correlations.size() == 3);
  for (Eigen::Index i = 0; i < 3; ++i) {
    CHECK(std::abs(found.canonical_correlations[static_cast<std::size_t>(i)] -
                   expected.cosines.values(i)) < 1e-12);
  }
  const MatrixXcd& zx = expected.zx;
  CHECK(found.procrustes.value() ==
        doctest::Approx(
            std::sqrt(zx.squaredNorm() + expected.zy.squaredNorm() - 2 * expected.nuclear_norm())));
  CHECK(solved.solution.taps[found.x].rank == 4U);
  CHECK(solved.solution.taps[found.x].features == 4);
  CHECK(solved.solution.taps[found.x].effective_rank ==
        doctest::Approx(std::pow(zx.squaredNorm() / (zx.adjoint() * zx).norm(), 2)));
}

}  // namespace

TEST_CASE("each frequency is the complex CCA of its coefficients, and the layer their mean") {
  MESSAGE("seed " << frequency_mean_seed);
  const MatrixXd latents = normal_matrix(fourier_images, 5, frequency_mean_seed);
  const Maps x = maps(4, {4, 6}, latents, 10);
  const Maps y = maps(3, {4, 6}, latents, 20);
  const SolvedFourier solved = solve_fourier(x, y);
  REQUIRE(solved.layers.size() == 1);
  REQUIRE(solved.pairs.size() == solved.layers[0].pairs.size());
  REQUIRE(solved.pairs.size() == half_spectrum({4, 6}).size());
  double mean_cca = 0;
  double cka = 0;
  double pwcca = 0;
  double angular = 0;
  double linreg = 0;
  for (const auto& [frequency, pair] : solved.pairs) {
    CAPTURE(frequency.text());
    const ComplexCca expected(complex_centered(x.at(frequency)), complex_centered(y.at(frequency)));
    check_frequency(solved, solved.solution.pairs[pair], expected);
    const double weight = frequency.multiplicity / 24.0;
    mean_cca += weight * expected.mean();
    pwcca += weight * expected.pwcca();
    cka += weight * expected.linear_cka();
    angular += weight * expected.angular();
    linreg += weight * expected.regression_x_from_y();
    // A frequency that is its own conjugate has real coefficients.
    const auto floor_of =
        frequency.multiplicity == 2 ? complex_mean_correlation_floor : mean_correlation_floor;
    CHECK(evaluate(solved.solution, pair, info_of(Measure::mean_cca)).floor ==
          floor_of(4, 3, static_cast<double>(fourier_images)));
  }
  const auto mean = [&](Measure measure) {
    return evaluate(solved.solution, solved.layers[0], info_of(measure));
  };
  CHECK(std::abs(*mean(Measure::mean_cca).value - mean_cca) < 1e-12);
  CHECK(std::abs(*mean(Measure::pwcca).value - pwcca) < 1e-11);
  CHECK(std::abs(*mean(Measure::linear_cka).value - cka) < 1e-12);
  CHECK(std::abs(*mean(Measure::angular).value - angular) < 1e-12);
  CHECK(mean(Measure::angular).floor.value() > angular);
  CHECK(mean(Measure::angular).p_value.value() < 1e-6);
  CHECK(std::abs(*mean(Measure::linreg_x_from_y).value - linreg) < 1e-12);
  for (const Measure unknown : {Measure::rv2, Measure::linear_cka_debiased}) {
    CHECK_FALSE(mean(unknown).value);
    CHECK_FALSE(mean(unknown).p_value);
    CHECK_FALSE(samples_needed(solved.solution, solved.layers[0], mean(unknown)));
  }
  CHECK(mean(Measure::mean_cca).status == Status::ok);
  const PairFacts facts = facts_of(solved.solution, solved.layers[0]);
  CHECK(facts.samples == fourier_images);
  CHECK(facts.features[0] == 4);
  CHECK(facts.ranks[1] == 3U);
}

TEST_CASE("a frequency at which nothing varies is left out of means and ranks") {
  const MatrixXd latents = normal_matrix(fourier_images, 5, frequency_mean_seed + 7);
  Maps x = maps(4, {4, 4}, latents, 50);
  const Maps y = maps(3, {4, 4}, latents, 60);
  for (Eigen::Index image = 0; image < fourier_images; ++image) {
    for (Eigen::Index c = 0; c < 4; ++c) {
      auto map = x.values.row(image).segment(16 * c, 16);
      map.array() -= map.mean();
    }
  }
  const SolvedFourier solved = solve_fourier(x, y);
  CHECK(facts_of(solved.solution, solved.layers[0].pairs[0]).status == Status::constant);
  const PairFacts facts = facts_of(solved.solution, solved.layers[0]);
  CHECK(facts.status == Status::ok);
  CHECK(facts.ranks[0] == 4U);
  CHECK(facts.ranks[1] == 3U);
  CHECK(evaluate(solved.solution, solved.layers[0], info_of(Measure::mean_cca)).value.has_value());
}

TEST_CASE("what only one side has at a frequency is nothing shared") {
  const MatrixXd latents = normal_matrix(fourier_images, 5, frequency_mean_seed + 8);
  const Maps x = maps(3, {4, 4}, latents, 70);
  // x's means over positions, everywhere: the same at frequency 0, and nothing at the others.
  Maps y = x;
  for (Eigen::Index image = 0; image < fourier_images; ++image) {
    for (Eigen::Index c = 0; c < 3; ++c) {
      auto map = y.values.row(image).segment(16 * c, 16);
      map.setConstant(map.mean());
    }
  }
  const SolvedFourier solved = solve_fourier(x, y);
  const FrequencyCounts counted = count_frequencies(solved.solution, solved.layers[0]);
  CHECK(counted.shared == 1);
  CHECK(counted.one_sided == solved.pairs.size() - 1);
  const auto value = [&](Measure measure) {
    return evaluate(solved.solution, solved.layers[0], info_of(measure)).value.value();
  };
  // One of 16 frequencies, in which they are the same.
  CHECK(value(Measure::mean_cca) == doctest::Approx(1.0 / 16).epsilon(1e-10));
  CHECK(value(Measure::linear_cka) == doctest::Approx(1.0 / 16).epsilon(1e-10));
  CHECK(value(Measure::linreg_x_from_y) == doctest::Approx(1.0 / 16).epsilon(1e-10));
  CHECK(value(Measure::linreg_y_from_x) == doctest::Approx(1).epsilon(1e-10));
  // Unrelated sides have nothing in common either where only one varies.
  const auto angle = evaluate(solved.solution, solved.layers[0], info_of(Measure::angular));
  CHECK(angle.value.value() == doctest::Approx(std::acos(0.0) * 15 / 16).epsilon(1e-6));
  CHECK(angle.floor.value() > angle.value.value());
  CHECK(angle.floor.value() < std::acos(0.0));
  // Parseval: what a rotation leaves of x − y, over positions.
  MatrixXd rest = x.values - y.values;
  rest.rowwise() -= rest.colwise().mean();
  CHECK(value(Measure::procrustes) == doctest::Approx(rest.norm() / 4).epsilon(1e-6));
}

TEST_CASE("SVCCA keeps whole complex directions") {
  const MatrixXd latents = normal_matrix(fourier_images, 5, frequency_mean_seed + 1);
  Maps x = maps(4, {2, 3}, latents, 30);
  x.values.leftCols(6) *= 20;  // one channel with nearly all of the variance
  const SolvedFourier solved = solve_fourier(x, maps(3, {2, 3}, latents, 40));
  for (const PairSolution& pair : solved.solution.pairs) {
    const TapSolution& tap = solved.solution.taps[pair.x];
    CHECK(tap.svcca_kept == 1);
    CHECK(pair.svcca_correlations.size() == 1);
  }
}

TEST_CASE("layers of unequal spatial sizes compare on the frequencies they share") {
  // The same low frequencies, drawn on two grids.
  const MatrixXd waves = normal_matrix(fourier_images, 9, frequency_mean_seed + 2);
  const auto drawn = [&](Grid grid) {
    Maps result{MatrixXd::Zero(fourier_images, 3 * static_cast<Eigen::Index>(grid.size())), 3,
                grid};
    for (Eigen::Index c = 0; c < 3; ++c) {
      for (std::size_t p = 0; p < grid.size(); ++p) {
        const double turn = 2 * std::numbers::pi * static_cast<double>(p % grid.width) /
                            static_cast<double>(grid.width);
        result.values.col(c * static_cast<Eigen::Index>(grid.size()) +
                          static_cast<Eigen::Index>(p)) = waves.col(3 * c) +
                                                          waves.col(3 * c + 1) * std::cos(turn) +
                                                          waves.col(3 * c + 2) * std::sin(turn);
      }
    }
    return result;
  };
  const SolvedFourier solved = solve_fourier(drawn({4, 8}), drawn({6, 5}));
  const MeasureResult cca = evaluate(solved.solution, solved.layers[0], info_of(Measure::mean_cca));
  // Only frequencies (0,0) and (0,1) hold anything; of the others rounding is all there is.
  CHECK(cca.value.value() == doctest::Approx(1).epsilon(1e-10));
  const MeasureResult shape =
      evaluate(solved.solution, solved.layers[0], info_of(Measure::angular));
  CHECK(shape.value.value() < 1e-6);
}

TEST_CASE("pairs that are not of frequencies are layers of their own") {
  Executor executor(1);
  Panel panel(executor, {});
  for (const char* network : {"a", "b", "c"}) panel.add_tap({network, "fc"}, Layout::nc);
  panel.add_pair(0, 1);
  panel.add_pair(0, 2);
  const PanelMoments moments = panel.end_window();
  const auto layers = layer_pairs(moments);
  REQUIRE(layers.size() == 2);
  CHECK(layers[1].pairs == std::vector<std::size_t>{1});
  CHECK_FALSE(layers[1].is_of_frequencies());
  CHECK(layer_without_frequency(moments.taps[0]) == "fc");
}
