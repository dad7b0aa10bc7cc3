#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>

#include "livecca/activations/eigen.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments_file.hpp"
#include "livecca/moments/panel.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"
#include "support/weighted_definition.hpp"

using namespace livecca;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using livecca_tests::normal_matrix;
using livecca_tests::stream;
using livecca_tests::WeightedDefinition;

namespace {

constexpr std::uint64_t difference_seed = 1213;
constexpr Eigen::Index difference_rows = 600;

/// Σ w ‖(x − mean_x) − (y − mean_y)‖² in 80-bit arithmetic: the trace of the scatter of x − y.
double by_definition(const MatrixXd& x, const MatrixXd& y, const VectorXd& weights) {
  const MatrixXd difference = x - y;
  return WeightedDefinition(difference, difference, weights).product.trace();
}

double difference_of(const PanelMoments& moments) {
  return moments.pairs[0].moments->squared_difference().value();
}

}  // namespace

TEST_CASE("the squared difference is that of the rows, for any batch, offset and merge") {
  Executor executor(2);
  for (const double offset : {0.0, 1e4}) {
    // Far from each other, and so near that the covariances agree in all digits.
    for (const double share : {1.0, 1e-8}) {
      CAPTURE(offset);
      CAPTURE(share);
      const MatrixXd x = normal_matrix(difference_rows, 5, difference_seed).array() + offset;
      const MatrixXd y = x + share * normal_matrix(difference_rows, 5, difference_seed + 1);
      const double expected = by_definition(x, y, VectorXd::Ones(difference_rows));
      // Each row's difference is off by a few roundings of its centred values, which are around 1.
      const double tolerance = 1e-14 / share + 1e-12;
      for (const Eigen::Index batch : {1, 7, 64, 600}) {
        CAPTURE(batch);
        CHECK(difference_of(stream(x, y, batch, executor)) ==
              doctest::Approx(expected).epsilon(tolerance));
      }
      PanelMoments merged = stream(x.topRows(150), y.topRows(150), 20, executor);
      merge(merged, stream(x.bottomRows(450), y.bottomRows(450), 33, executor));
      CHECK(difference_of(merged) == doctest::Approx(expected).epsilon(tolerance));
    }
  }
}

TEST_CASE("the squared difference of weighted rows is the weighted one") {
  Executor executor(2);
  const MatrixXd x = normal_matrix(difference_rows, 5, difference_seed + 2);
  const MatrixXd y = x + 1e-6 * normal_matrix(difference_rows, 5, difference_seed + 3);
  VectorXd weights(difference_rows);
  for (Eigen::Index i = 0; i < difference_rows; ++i) {
    weights(i) = std::exp2(-static_cast<double>(difference_rows - 1 - i) / 40);
  }
  PanelOptions options;
  options.window = Window::exponential(40);
  for (const Eigen::Index batch : {1, 50}) {
    CHECK(difference_of(stream(x, y, batch, executor, options)) ==
          doctest::Approx(by_definition(x, y, weights)).epsilon(1e-8));
  }
}

TEST_CASE("fast products leave the squared difference exact") {
  Executor executor(2);
  const MatrixXd x = normal_matrix(difference_rows, 5, difference_seed + 4);
  const MatrixXd y = x + 1e-6 * normal_matrix(difference_rows, 5, difference_seed + 5);
  PanelOptions options;
  options.precision = Precision::fast;
  CHECK(difference_of(stream(x, y, 64, executor, options)) ==
        doctest::Approx(by_definition(x, y, VectorXd::Ones(difference_rows))).epsilon(1e-8));
}

TEST_CASE("what has no squared difference: sides of different widths, sums, older parts") {
  Executor executor(1);
  const MatrixXd x = normal_matrix(60, 4, difference_seed + 6);
  CHECK_FALSE(stream(x, x.leftCols(3), 20, executor).pairs[0].moments->squared_difference());
  PanelMoments moments = stream(x, x, 20, executor);
  CHECK(difference_of(moments) == 0);
  CrossMoments& own = *moments.pairs[0].moments;
  const std::vector<double> mean(4);
  const CrossMoments from_sums = *CrossMoments::from_sums(
      {.weights = own.weights(), .mean_x = mean, .mean_y = mean, .product = own.product()});
  CHECK_FALSE(from_sums.squared_difference());
  // A part that nobody knows of is not nothing.
  CrossMoments merged = own;
  merged.merge(from_sums);
  CHECK_FALSE(merged.squared_difference());
  merged.reset();
  CHECK(merged.squared_difference() == 0.0);
}

TEST_CASE("a file of moments keeps the squared difference, bit for bit") {
  Executor executor(1);
  const livecca_tests::TemporaryFolder folder;
  const MatrixXd x = normal_matrix(60, 4, difference_seed + 7);
  const PanelMoments moments =
      stream(x, x + 1e-9 * normal_matrix(60, 4, difference_seed + 8), 20, executor);
  const auto path = folder.path() / "moments";
  REQUIRE(save_moments(path, moments, {}));
  const auto loaded = load_moments(path);
  REQUIRE(loaded);
  CHECK(difference_of(loaded->moments) == difference_of(moments));
}

TEST_CASE("a panel's names and faults can be had without its moments") {
  Executor executor(1);
  Panel panel(executor, {});
  const auto x = panel.add_tap({"net", "a"}, Layout::nc);
  const auto y = panel.add_tap({"ref", "b"}, Layout::nc);
  panel.add_pair(x, y);
  const PanelMoments names = panel.copy_names();
  REQUIRE(names.taps.size() == 2);
  CHECK(names.taps[0].name == TapName{"net", "a"});
  CHECK(names.taps[1].name == TapName{"ref", "b"});
  REQUIRE(names.pairs.size() == 1);
  CHECK(names.pairs[0].x == x);
  CHECK(names.pairs[0].y == y);
  CHECK_FALSE(names.taps[0].moments);
  CHECK(panel.faults().empty());
  const MatrixXd rows = normal_matrix(20, 3, difference_seed);
  for (const Eigen::Index width : {3, 2}) {
    auto step = panel.begin();
    step.observe(x, view_of(rows.leftCols(width)));
    step.observe(y, view_of(rows));
    step.commit();
  }
  REQUIRE(panel.faults().size() == panel.copy_moments().faults.size());
  REQUIRE(panel.faults().size() == 1);
  CHECK(panel.faults().front().subject == "net/a");
}
