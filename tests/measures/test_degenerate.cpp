#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>

#include "livecca/activations/eigen.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

// Data that has no full rank: a status, right numbers where they exist, none where not.

using namespace livecca;
using Eigen::MatrixXd;
using Eigen::MatrixXf;
using livecca_tests::normal_matrix;
using livecca_tests::shared_latents;

namespace {

constexpr std::uint64_t degenerate_seed = 909;

struct SolvedPair {
  PanelSolution solution;
  PairFacts facts;

  std::optional<double> operator()(Measure measure) const {
    return evaluate(solution, 0, info_of(measure)).value;
  }
};

template <typename X, typename Y>
SolvedPair solved(const X& x, const Y& y) {
  Executor executor(1);
  PanelOptions options;
  options.norm_sums = true;
  Panel panel(executor, options);
  panel.add_tap({"net", "layer"}, Layout::nc);
  panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe(0, view_of(x));
  step.observe(1, view_of(y));
  step.commit();
  SolvedPair result{livecca::solve(panel.end_window(), {}, executor), {}};
  result.facts = facts_of(result.solution, 0);
  return result;
}

void check_equal(const SolvedPair& a, const SolvedPair& b, double tolerance) {
  for (const MeasureInfo& info : measures()) {
    CAPTURE(info.name);
    const auto value_a = a(info.measure);
    const auto value_b = b(info.measure);
    REQUIRE(value_a.has_value() == value_b.has_value());
    if (value_a) CHECK(*value_a == doctest::Approx(*value_b).epsilon(tolerance));
  }
}

MatrixXd softmax(const MatrixXd& logits) {
  const MatrixXd powers = logits.array().exp();
  return powers.array().colwise() / powers.rowwise().sum().array();
}

}  // namespace

TEST_CASE("softmax outputs have rank d - 1, in float64 and in float32") {
  const auto logits = shared_latents(2000, 10, 10, degenerate_seed);
  const MatrixXd x = softmax(logits.x / 4);
  const MatrixXd y = softmax(logits.y / 4);
  const SolvedPair exact = solved(x, y);
  CHECK(exact.facts.ranks[0] == 9U);
  CHECK(exact.facts.ranks[1] == 9U);
  CHECK(exact.facts.status == Status::rank_deficient);
  // All that nine of the probabilities say, the tenth says too.
  const SolvedPair nine = solved(x.leftCols(9), y.leftCols(9));
  CHECK(nine.facts.ranks[0] == 9U);
  for (const Measure measure : {Measure::mean_cca, Measure::r2_cca}) {
    CHECK(*exact(measure) == doctest::Approx(*nine(measure)).epsilon(1e-10));
  }
  // Their sum is 1 only up to rounding, which is no direction of the data.
  const MatrixXf x32 = x.cast<float>();
  const MatrixXf y32 = y.cast<float>();
  const SolvedPair rounded = solved(x32, y32);
  CHECK(rounded.facts.ranks[0] == 9U);
  CHECK(rounded.facts.ranks[1] == 9U);
  CHECK(rounded.facts.status == Status::rank_deficient);
  check_equal(rounded, exact, 1e-4);
}

TEST_CASE("probabilities of maps keep rank d - 1 pooled and at every frequency") {
  // 600 images of 10 classes on 4 x 4 positions, far from certain: NCHW, position by position.
  constexpr Eigen::Index images = 600;
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> maps[2];
  for (std::uint64_t side = 0; side < 2; ++side) {
    maps[side].resize(images, 160);
    for (Eigen::Index p = 0; p < 16; ++p) {
      const MatrixXd at = softmax(
          0.03 *
              shared_latents(images, 10, 10, degenerate_seed + 40 + static_cast<std::uint64_t>(p))
                  .x +
          0.01 * normal_matrix(images, 10,
                               degenerate_seed + 80 + static_cast<std::uint64_t>(p) + 20 * side));
      for (Eigen::Index c = 0; c < 10; ++c) maps[side].col(c * 16 + p) = at.col(c).cast<float>();
    }
  }
  const std::array<std::int64_t, 4> shape{images, 10, 4, 4};
  Executor executor(1);
  Panel panel(executor, {});
  panel.add_tap({"net", "maps"}, Reading::pooled(Layout::nchw));
  panel.add_tap({"reference", "maps"}, Reading::pooled(Layout::nchw));
  panel.add_pair(0, 1);
  FourierTaps x(panel, {"net", "maps"}, Layout::nchw, {.features = 10, .grid = {4, 4}});
  FourierTaps y(panel, {"reference", "maps"}, Layout::nchw, {.features = 10, .grid = {4, 4}});
  add_pairs(panel, x, y);
  auto step = panel.begin();
  const auto view = [&](int side) {
    return ActivationView(maps[side].data(), DType::float32, shape);
  };
  for (const std::size_t tap : {0U, 1U}) step.observe(tap, view(static_cast<int>(tap)));
  x.observe(step, view(0));
  y.observe(step, view(1));
  step.commit();
  const PanelMoments moments = panel.end_window();
  const PanelSolution solution = livecca::solve(moments, {}, executor);
  for (std::size_t tap = 0; tap < solution.taps.size(); ++tap) {
    CAPTURE(moments.taps[tap].name.layer);
    CHECK(solution.taps[tap].rank == 9U);
  }
}

TEST_CASE("a neuron that its type rounds away takes no others with it") {
  const auto views = shared_latents(2000, 10, 8, degenerate_seed + 30);
  MatrixXd others(2000, 9);
  others << views.x.leftCols(3), views.x.rightCols(6);
  const double without = *solved(others, views.y)(Measure::linreg_y_from_x);
  // float32 holds nothing of it on the largest offset, half of its digits on the smallest.
  for (const double offset : {3e3, 3e6, 3e7, 3e8}) {
    CAPTURE(offset);
    MatrixXd x = views.x;
    x.col(3).array() += offset;
    const SolvedPair pair = solved(MatrixXf(x.cast<float>()), views.y);
    const bool is_lost = offset > 1e7;
    CHECK(pair.facts.ranks[0] == (is_lost ? 9U : 10U));
    CHECK(pair.solution.taps[0].constant_features == (is_lost ? 1 : 0));
    CHECK(*pair(Measure::linreg_y_from_x) > without - 1e-6);
    CHECK(pair.solution.taps[0].svcca_kept >= 8);
  }
}

TEST_CASE("directions well above the rounding of float32 are kept, also on an offset") {
  MatrixXd x = normal_matrix(1000, 8, degenerate_seed + 1);
  x.col(7) = x.col(0) + 1e-5 * x.col(7);
  const MatrixXd y = normal_matrix(1000, 8, degenerate_seed + 2);
  CHECK(solved(MatrixXf(x.cast<float>()), y).facts.ranks[0] == 8U);
  MatrixXd shifted = normal_matrix(1000, 8, degenerate_seed + 3).array() + 1e4;
  CHECK(solved(MatrixXf(shifted.cast<float>()), y).facts.ranks[0] == 8U);
  // Here neurons differ by less than float32 can hold on that offset.
  shifted.col(7) = shifted.col(0) + 1e-5 * normal_matrix(1000, 1, degenerate_seed + 4);
  CHECK(solved(shifted, y).facts.ranks[0] == 8U);
  CHECK(solved(MatrixXf(shifted.cast<float>()), y).facts.ranks[0] == 7U);
}

TEST_CASE("duplicate neurons change no CCA, and are counted") {
  const auto views = shared_latents(800, 6, 5, degenerate_seed + 5);
  MatrixXd twice(800, 12);
  twice << views.x, views.x;
  const SolvedPair single = solved(views.x, views.y);
  const SolvedPair both = solved(twice, views.y);
  CHECK(both.facts.ranks[0] == 6U);
  CHECK(both.facts.status == Status::rank_deficient);
  CHECK(single.facts.status == Status::ok);
  for (const Measure measure : {Measure::mean_cca, Measure::r2_cca, Measure::pwcca,
                                Measure::linear_cka, Measure::linreg_x_from_y, Measure::angular}) {
    CHECK(*both(measure) == doctest::Approx(*single(measure)).epsilon(1e-10));
  }
}

TEST_CASE("nearly singular sides: numbers to what the moments can hold") {
  const auto views = shared_latents(800, 6, 5, degenerate_seed + 6);
  MatrixXd x(800, 7);
  x << views.x, views.x.col(0) + 1e-4 * normal_matrix(800, 1, degenerate_seed + 7);
  const SolvedPair near = solved(x, views.y);
  CHECK(near.facts.ranks[0] == 7U);
  CHECK(near.facts.status == Status::ok);
  // The same column space, well conditioned.
  MatrixXd sound(800, 7);
  sound << views.x, normal_matrix(800, 1, degenerate_seed + 7);
  const SolvedPair expected = solved(sound, views.y);
  CHECK(*near(Measure::mean_cca) == doctest::Approx(*expected(Measure::mean_cca)).epsilon(1e-8));
  CHECK(near.solution.taps[0].condition.value() > 1e7);
}

TEST_CASE("fewer samples than neurons: all correlations are forced, and the status says so") {
  const SolvedPair few = solved(normal_matrix(20, 30, degenerate_seed + 8),
                                normal_matrix(20, 40, degenerate_seed + 9));
  CHECK(few.facts.status == Status::undersampled);
  CHECK(few.facts.ranks[0] == 19U);
  CHECK(few.facts.ranks[1] == 19U);
  CHECK(*few(Measure::mean_cca) == doctest::Approx(1).epsilon(1e-10));
  CHECK(evaluate(few.solution, 0, info_of(Measure::mean_cca)).floor == 1.0);
  // Nothing stands out of a floor of 1.
  CHECK_FALSE(few(Measure::r2_cca_adjusted));
  CHECK(evaluate(few.solution, 0, info_of(Measure::r2_cca_adjusted)).status ==
        Status::too_few_samples);
  CHECK_FALSE(largest_correlation_line(few.facts));
  for (const auto& value : debiased_correlations(few.solution, 0)) CHECK_FALSE(value);
  CHECK(*few(Measure::linear_cka) < 0.9);
}

TEST_CASE("a side of dead neurons has a status and no number") {
  const MatrixXd x = normal_matrix(100, 4, degenerate_seed + 10);
  const MatrixXd dead = MatrixXd::Constant(100, 3, 0.5);
  for (const SolvedPair& pair : {solved(x, dead), solved(dead, x), solved(dead, dead)}) {
    CHECK(pair.facts.status == Status::constant);
    for (const MeasureInfo& info : measures()) CHECK_FALSE(pair(info.measure));
    CHECK(debiased_correlations(pair.solution, 0).empty());
  }
}

TEST_CASE("halves of which some correlations are forced to 1 give no standard error") {
  Executor executor(1);
  PanelOptions options;
  options.error_blocks = 10;
  const auto errors = [&](Eigen::Index samples) {
    const PanelMoments window = livecca_tests::stream(
        normal_matrix(samples, 20, degenerate_seed + 11),
        normal_matrix(samples, 20, degenerate_seed + 12), 5, executor, options);
    const PanelSolution solution = livecca::solve(window, {}, executor);
    std::vector<const MeasureInfo*> asked{&info_of(Measure::mean_cca), &info_of(Measure::pwcca),
                                          &info_of(Measure::linear_cka)};
    return standard_errors(window, solution, {}, asked, executor)[0];
  };
  const auto few = errors(70);  // halves of 35 samples, 40 directions
  CHECK_FALSE(few[0]);
  CHECK_FALSE(few[1]);
  CHECK(few[2].value() > 0);
  const auto enough = errors(120);
  CHECK(enough[0].value() > 1e-3);
  CHECK(enough[1].value() > 1e-3);
}
