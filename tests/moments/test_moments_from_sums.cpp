#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::shared_latents;

namespace {

constexpr std::uint64_t sums_seed = 20310;

std::span<const double> numbers_of(const auto& matrix) {
  return {matrix.data(), static_cast<std::size_t>(matrix.size())};
}

/// Rows and their weights, summed by the definition.
struct Summed {
  Eigen::MatrixXd rows;
  Eigen::VectorXd weights;
  Eigen::VectorXd mean;
  Eigen::MatrixXd centred;
  Eigen::MatrixXd scatter;

  explicit Summed(const Eigen::MatrixXd& the_rows)
      : Summed(the_rows, Eigen::VectorXd::Ones(the_rows.rows())) {}
  Summed(const Eigen::MatrixXd& the_rows, const Eigen::VectorXd& the_weights)
      : rows(the_rows),
        weights(the_weights),
        mean(rows.transpose() * weights / weights.sum()),
        centred(rows.rowwise() - mean.transpose()),
        scatter(centred.transpose() * weights.asDiagonal() * centred) {}

  SampleWeights sample_weights() const {
    return {.samples = static_cast<std::uint64_t>(rows.rows()),
            .sum = weights.sum(),
            .squares = weights.squaredNorm(),
            .image_sum = weights.sum(),
            .image_squares = weights.squaredNorm()};
  }
  TapSums sums() const {
    return {.weights = sample_weights(), .mean = numbers_of(mean), .scatter = numbers_of(scatter)};
  }
};

struct SummedPair {
  const Summed& x;
  const Summed& y;
  Eigen::MatrixXd product = x.centred.transpose() * x.weights.asDiagonal() * y.centred;

  PairSums sums() const {
    return {.weights = x.sample_weights(),
            .mean_x = numbers_of(x.mean),
            .mean_y = numbers_of(y.mean),
            .product = numbers_of(product)};
  }
};

/// A window like that of stream().
PanelMoments window_of(const TapSums& x, const TapSums& y, const PairSums& of_both) {
  PanelMoments window;
  window.images = x.weights.samples;
  window.steps_committed = 1;
  window.taps.push_back({.name = {"net", "layer"}, .moments = *Moments::from_sums(x)});
  window.taps.push_back({.name = {"reference", "layer"}, .moments = *Moments::from_sums(y)});
  for (TapMoments& tap : window.taps) tap.features_of_tap = tap.moments->features();
  window.pairs.push_back({.x = 0, .y = 1, .moments = *CrossMoments::from_sums(of_both)});
  return window;
}

NormSums norm_sums_of(const Summed& tap) {
  const Eigen::VectorXd p = tap.centred.rowwise().squaredNorm();
  const Eigen::VectorXd px = tap.centred.transpose() * p;
  return {.p = p.sum(), .pp = p.squaredNorm(), .px = {px.begin(), px.end()}};
}

CrossNormSums norm_sums_of(const SummedPair& pair) {
  const Eigen::VectorXd p = pair.x.centred.rowwise().squaredNorm();
  const Eigen::VectorXd q = pair.y.centred.rowwise().squaredNorm();
  const Eigen::VectorXd qx = pair.x.centred.transpose() * q;
  const Eigen::VectorXd py = pair.y.centred.transpose() * p;
  return {.p = p.sum(),
          .q = q.sum(),
          .pq = p.dot(q),
          .qx = {qx.begin(), qx.end()},
          .py = {py.begin(), py.end()}};
}

void check_same_measures(const PanelMoments& a, const PanelMoments& b, Executor& executor) {
  const PanelSolution of_a = solve(a, {}, executor);
  const PanelSolution of_b = solve(b, {}, executor);
  for (const MeasureInfo& measure : measures()) {
    CAPTURE(measure.name);
    const auto value_a = evaluate(of_a, 0, measure).value;
    const auto value_b = evaluate(of_b, 0, measure).value;
    CHECK(value_a.has_value() == value_b.has_value());
    if (value_a && value_b) CHECK(*value_a == doctest::Approx(*value_b).epsilon(1e-10));
  }
}

/// Why the sums of some rows are refused after a change; empty if they are not.
std::string refusal_of(const std::function<void(TapSums&, Eigen::MatrixXd& scatter)>& change) {
  const Summed tap(normal_matrix(40, 3, sums_seed));
  Eigen::MatrixXd scatter = tap.scatter;
  TapSums sums = tap.sums();
  sums.scatter = numbers_of(scatter);
  change(sums, scatter);
  return Moments::from_sums(sums).why();
}

std::string refusal_of_weights(const SampleWeights& weights) {
  return refusal_of([&](TapSums& sums, Eigen::MatrixXd&) { sums.weights = weights; });
}

std::string refusal_of_pair(const std::function<void(PairSums&)>& change) {
  const Summed x(normal_matrix(40, 3, sums_seed));
  const Summed y(normal_matrix(40, 2, sums_seed + 1));
  const SummedPair pair{x, y};
  PairSums sums = pair.sums();
  change(sums);
  return CrossMoments::from_sums(sums).why();
}

bool refuses_with(const std::string& why, const std::string& words) {
  CAPTURE(why);
  const bool is_one_line = why.find('\n') == std::string::npos;
  CHECK(is_one_line);
  return why.starts_with("moments from sums: expected ") && why.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("sums by the definition make the moments that the rows would have made") {
  MESSAGE("seed " << sums_seed);
  Executor executor(2);
  for (const double offset : {0.0, 1e4}) {
    const auto views = shared_latents(300, 7, 4, sums_seed);
    const Summed x(views.x.array() + offset);
    const Summed y(views.y.array() - offset);
    const SummedPair pair{x, y};
    const PanelMoments streamed = livecca_tests::stream(x.rows, y.rows, 64, executor);
    const PanelMoments summed = window_of(x.sums(), y.sums(), pair.sums());
    const Moments& expected = *streamed.taps[0].moments;
    const Moments& got = *summed.taps[0].moments;
    CHECK(got.weights() == expected.weights());
    CHECK(got.version() != expected.version());
    const double scale = x.scatter.norm();
    for (std::size_t j = 0; j < 7; ++j) {
      CHECK(got.mean().value(j) == doctest::Approx(expected.mean().value(j)).epsilon(1e-12));
      for (std::size_t i = j; i < 7; ++i) {
        CHECK(std::abs(got.scatter()[j * 7 + i] - expected.scatter()[j * 7 + i]) < 1e-11 * scale);
      }
    }
    const CrossMoments& cross = *summed.pairs[0].moments;
    CHECK(cross.weights() == expected.weights());
    for (std::size_t k = 0; k < cross.product().size(); ++k) {
      CHECK(std::abs(cross.product()[k] - streamed.pairs[0].moments->product()[k]) < 1e-11 * scale);
    }
    check_same_measures(streamed, summed, executor);
  }
}

TEST_CASE("norm sums go with the sums, and debiased CKA is that of the rows") {
  Executor executor(1);
  const auto views = shared_latents(200, 5, 4, sums_seed + 10);
  const Summed x(views.x);
  const Summed y(views.y);
  const SummedPair pair{x, y};
  TapSums sums_x = x.sums();
  TapSums sums_y = y.sums();
  PairSums of_both = pair.sums();
  sums_x.norm_sums = norm_sums_of(x);
  sums_y.norm_sums = norm_sums_of(y);
  of_both.norm_sums = norm_sums_of(pair);
  const PanelMoments summed = window_of(sums_x, sums_y, of_both);
  const PanelMoments streamed =
      livecca_tests::stream(views.x, views.y, 64, executor, {.norm_sums = true});
  REQUIRE(summed.taps[0].moments->norm_sums());
  CHECK(summed.taps[0].moments->norm_sums()->pp ==
        doctest::Approx(streamed.taps[0].moments->norm_sums()->pp).epsilon(1e-12));
  check_same_measures(streamed, summed, executor);
}

TEST_CASE("sums merge with rows, and with a panel's window") {
  Executor executor(1);
  const auto views = shared_latents(300, 6, 3, sums_seed + 20);
  const Summed x(views.x.bottomRows(180));
  const Summed y(views.y.bottomRows(180));
  const SummedPair pair{x, y};
  PanelMoments merged =
      livecca_tests::stream(views.x.topRows(120), views.y.topRows(120), 50, executor);
  merge(merged, window_of(x.sums(), y.sums(), pair.sums()));
  CHECK(merged.faults.empty());
  check_same_measures(livecca_tests::stream(views.x, views.y, 50, executor), merged, executor);

  Panel panel(executor, {});
  panel.add_tap({"net", "layer"}, Layout::nc);
  panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  panel.merge(window_of(x.sums(), y.sums(), pair.sums()));
  const PanelMoments window = panel.copy_moments();
  CHECK(window.faults.empty());
  REQUIRE(window.pairs[0].moments);
  CHECK(window.pairs[0].moments->samples() == 180);
}

TEST_CASE("weighted sums keep their weights") {
  Eigen::VectorXd weights = normal_matrix(50, 1, sums_seed + 30).cwiseAbs();
  weights[7] = 0;
  const Summed tap(normal_matrix(50, 3, sums_seed + 31), weights);
  TapSums sums = tap.sums();
  sums.precision = Precision::fast;
  sums.roundoff = 1e-3;
  const auto moments = Moments::from_sums(sums);
  REQUIRE_MESSAGE(moments, moments.why());
  CHECK(moments->weights() == tap.sample_weights());
  CHECK(moments->precision() == Precision::fast);
  CHECK(moments->roundoff() == 1e-3);
  CHECK_FALSE(moments->norm_sums());
}

TEST_CASE("no rows at all have sums, too") {
  const std::vector<double> zeros(4);
  const auto moments =
      Moments::from_sums({.weights = {}, .mean = {zeros.data(), 2}, .scatter = zeros});
  REQUIRE_MESSAGE(moments, moments.why());
  CHECK(moments->samples() == 0);
}

TEST_CASE("the triangles of a scatter may differ by rounding, and the lower one counts") {
  const auto with_difference = [](double difference, Precision precision) {
    return refusal_of([&](TapSums& sums, Eigen::MatrixXd& scatter) {
      sums.precision = precision;
      scatter(0, 2) += difference * std::sqrt(scatter(0, 0) * scatter(2, 2));
    });
  };
  CHECK(with_difference(1e-10, Precision::exact).empty());
  CHECK(refuses_with(with_difference(1e-7, Precision::exact), "expected a symmetric scatter"));
  CHECK(with_difference(1e-4, Precision::fast).empty());
  CHECK(refuses_with(with_difference(1e-2, Precision::fast), "at (2, 0)"));
  // As of a routine that fills one triangle.
  CHECK(refuses_with(refusal_of([](TapSums&, Eigen::MatrixXd& scatter) {
                       scatter.triangularView<Eigen::StrictlyUpper>().setZero();
                     }),
                     "expected a symmetric scatter"));
}

TEST_CASE("sums of another shape, or that are no finite numbers, are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(refusal_of([](TapSums&, Eigen::MatrixXd&) {}).empty());
  CHECK(refuses_with(
      refusal_of([](TapSums& sums, Eigen::MatrixXd&) { sums.scatter = sums.scatter.first(8); }),
      "scatter of 3 x 3 numbers, as the means have, got 8"));
  CHECK(refuses_with(refusal_of([](TapSums& sums, Eigen::MatrixXd&) { sums.mean = {}; }),
                     "mean of one or more features, got none"));
  const std::vector<double> bad_mean{0, nan, 0};
  CHECK(refuses_with(refusal_of([&](TapSums& sums, Eigen::MatrixXd&) { sums.mean = bad_mean; }),
                     "finite mean"));
  for (const double bad : {nan, infinity}) {
    CHECK(refuses_with(refusal_of([&](TapSums&, Eigen::MatrixXd& scatter) {
                         scatter(1, 2) = scatter(2, 1) = bad;
                       }),
                       "finite scatter"));
  }
  CHECK(refuses_with(refusal_of([](TapSums&, Eigen::MatrixXd& scatter) { scatter(1, 1) = -1; }),
                     "diagonal of the scatter of 0 or more, got -1.000000 at feature 1"));
  for (const double roundoff : {-0.1, 1.1, nan}) {
    CHECK(
        refuses_with(refusal_of([&](TapSums& sums, Eigen::MatrixXd&) { sums.roundoff = roundoff; }),
                     "roundoff from 0 to 1"));
  }
}

TEST_CASE("weights that no rows can have are refused") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(refusal_of_weights(SampleWeights::equal(40, 40)).empty());
  CHECK(refusal_of_weights(SampleWeights::equal(40, 10)).empty());
  for (const SampleWeights& bad : {SampleWeights{40, -40, 40, 40, 40},
                                   {40, 40, nan, 40, 40},
                                   {40, 40, 40, std::numeric_limits<double>::infinity(), 40}}) {
    CHECK(refuses_with(refusal_of_weights(bad), "finite sums of weights of 0 or more"));
  }
  for (const SampleWeights& bad : {SampleWeights{0, 40, 40, 40, 40},  // weights without rows
                                   {40, 50, 40, 40, 40},   // 40 rows cannot weigh so much
                                   {40, 5, 40, 5, 5},      // nor so little
                                   {40, 40, 40, 41, 40},   // more images than rows
                                   {40, 40, 40, 0, 0}}) {  // rows of no image
    CHECK(refuses_with(refusal_of_weights(bad), "weights that some rows can have"));
  }
  CHECK(refuses_with(refusal_of_weights({}), "scatter of 0 where no row weighs anything"));
}

TEST_CASE("norm sums that are not those of the rows are refused") {
  const Summed tap(normal_matrix(40, 3, sums_seed));
  const auto with_norms = [&](const std::function<void(NormSums&)>& change) {
    return refusal_of([&](TapSums& sums, Eigen::MatrixXd&) {
      sums.norm_sums = norm_sums_of(tap);
      change(*sums.norm_sums);
    });
  };
  CHECK(with_norms([](NormSums&) {}).empty());
  CHECK(refuses_with(with_norms([](NormSums& sums) { sums.px.pop_back(); }),
                     "norm sums of 3 features, got 2"));
  CHECK(refuses_with(with_norms([](NormSums& sums) { sums.pp = -1; }), "finite norm sums"));
  CHECK(refuses_with(with_norms([](NormSums& sums) { sums.px[0] = std::nan(""); }),
                     "finite norm sums"));
  CHECK(refuses_with(with_norms([](NormSums& sums) { sums.p *= 2; }), "like the scatter's trace"));
  CHECK(refuses_with(refusal_of([&](TapSums& sums, Eigen::MatrixXd&) {
                       sums.norm_sums = norm_sums_of(tap);
                       sums.weights.decay(0.5);
                     }),
                     "only where every row weighs 1"));
}

TEST_CASE("sums of a pair are checked as those of a tap") {
  CHECK(refusal_of_pair([](PairSums&) {}).empty());
  CHECK(refuses_with(refusal_of_pair([](PairSums& sums) { sums.product = sums.product.first(4); }),
                     "product of 3 x 2 numbers, as the means have, got 4"));
  CHECK(refuses_with(refusal_of_pair([](PairSums& sums) { sums.mean_y = {}; }), "mean_y"));
  const std::vector<double> bad(6, std::nan(""));
  CHECK(
      refuses_with(refusal_of_pair([&](PairSums& sums) { sums.product = bad; }), "finite product"));
  CHECK(refuses_with(refusal_of_pair([](PairSums& sums) { sums.weights.sum = -1; }),
                     "finite sums of weights of 0 or more"));
  CHECK(refuses_with(refusal_of_pair([](PairSums& sums) {
                       sums.norm_sums = CrossNormSums{.qx = {1, 2}, .py = {1, 2}};
                     }),
                     "norm sums of 3 features, got 2"));
}

TEST_CASE("a pair whose moments are not those of its taps is refused, as a window and as a merge") {
  const auto views = shared_latents(200, 4, 3, sums_seed + 9);
  const Summed x(views.x);
  const Summed y(views.y);
  const Summed wide(normal_matrix(200, 6, sums_seed + 10));
  const SummedPair of_both{.x = x, .y = y};
  const SummedPair of_others{.x = wide, .y = y};
  Executor executor(1);
  const std::string expected =
      "expected cross moments of 4 x 3 features, as its taps have, got 6 x 3";

  PanelMoments window = window_of(x.sums(), y.sums(), of_others.sums());
  CHECK_THROWS_WITH_AS(solve(window, {}, executor), ("solve: pair 0: " + expected).c_str(), Error);
  Panel panel(executor, {});
  const auto net = panel.add_tap({"net", "layer"}, Layout::nc);
  const auto reference = panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(net, reference);
  panel.merge(window);
  const PanelMoments merged = panel.end_window();
  CHECK(merged.taps[0].moments);
  CHECK_FALSE(merged.pairs[0].moments);
  REQUIRE(merged.faults.size() == 1);
  CHECK(merged.faults[0].subject == "net/layer with reference/layer");
  CHECK(merged.faults[0].message == expected);

  window = window_of(x.sums(), y.sums(), of_both.sums());
  window.pairs[0].y = 2;
  CHECK_THROWS_WITH_AS(solve(window, {}, executor),
                       "solve: pair 0: expected taps below 2, got 0 and 2", Error);
}
