#include <doctest/doctest.h>

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "livecca/activations/eigen.hpp"
#include "livecca/snapshot/solve.hpp"
#include "matrices.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "support/weighted_definition.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::product_of;
using livecca_tests::relative_error;
using livecca_tests::same_bits;
using livecca_tests::scatter_of;
using livecca_tests::shared_latents;
using livecca_tests::stream;
using livecca_tests::WeightedDefinition;

namespace {

constexpr std::uint64_t panel_properties_seed = 40961;

/// Every kind of panel: exact and fast, with sums, in parts, weighted.
std::vector<PanelOptions> all_options() {
  std::vector<PanelOptions> all(5);
  all[1].precision = Precision::fast;
  all[2].norm_sums = true;
  all[3].error_blocks = 5;
  all[4].window = Window::exponential(64);
  return all;
}

PanelMoments stream_in_random_batches(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                                      std::uint64_t batches, Executor& executor) {
  std::mt19937_64 engine(batches);
  Panel panel(executor, {});
  panel.add_tap({"net", "layer"}, Layout::nc);
  panel.add_tap({"reference", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  for (Eigen::Index first = 0; first < x.rows();) {
    const auto rows =
        std::min<Eigen::Index>(1 + static_cast<Eigen::Index>(engine() % 300), x.rows() - first);
    auto step = panel.begin();
    step.observe(0, view_of(x.middleRows(first, rows)));
    step.observe(1, view_of(y.middleRows(first, rows)));
    step.commit();
    first += rows;
  }
  return panel.end_window();
}

std::vector<double> correlations(const PanelMoments& moments, Executor& executor) {
  return solve(moments, {}, executor).pairs[0].canonical_correlations;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("chunks of any size give the definition, a last short batch and batches of one too") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(1031, 40, panel_properties_seed);
  const Eigen::MatrixXd y = normal_matrix(1031, 140, panel_properties_seed + 1);
  const WeightedDefinition expected(x, y, Eigen::VectorXd::Ones(1031));
  for (const Eigen::Index batch : {1, 2, 255, 256, 257, 512, 1030, 1031}) {
    CAPTURE(batch);
    const PanelMoments moments = stream(x, y, batch, executor);
    CHECK(moments.taps[0].moments->samples() == 1031);
    CHECK(relative_error(product_of(*moments.pairs[0].moments), expected.product) < 1e-13);
  }
  for (std::uint64_t batches = 0; batches < 10; ++batches) {
    CAPTURE(batches);
    const PanelMoments moments = stream_in_random_batches(x, y, batches, executor);
    CHECK(relative_error(product_of(*moments.pairs[0].moments), expected.product) < 1e-13);
  }
}

TEST_CASE("workers' windows merge in any tree, in a fixed order bit for bit; counts are exact") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const auto views = shared_latents(900, 11, 8, panel_properties_seed);
  const WeightedDefinition expected(views.x, views.y, Eigen::VectorXd::Ones(900));
  std::vector<PanelMoments> parts;
  for (Eigen::Index first = 0; first < 900; first += 75) {
    parts.push_back(
        stream(views.x.middleRows(first, 75), views.y.middleRows(first, 75), 30, executor));
  }
  for (std::uint64_t tree = 0; tree < 20; ++tree) {
    CAPTURE(tree);
    const auto merged = [&] {
      std::mt19937_64 engine(tree);
      std::vector<PanelMoments> rest = parts;
      while (rest.size() > 1) {
        const std::size_t from = engine() % rest.size();
        std::size_t into = engine() % (rest.size() - 1);
        if (into >= from) ++into;
        merge(rest[into], rest[from]);
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(from));
      }
      return rest[0];
    };
    const PanelMoments once = merged();
    CHECK(relative_error(product_of(*once.pairs[0].moments), expected.product) < 1e-12);
    CHECK(once.pairs[0].moments->weights() ==
          SampleWeights{
              .samples = 900, .sum = 900, .squares = 900, .image_sum = 900, .image_squares = 900});
    CHECK(once.images == 900);
    CHECK(once.steps_committed == 36);
    CHECK(same_bits(once, merged()));
  }
}

TEST_CASE("exponential windows of workers add up to the sum of their weighted rows") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(1);
  PanelOptions options;
  options.window = Window::exponential(30);
  const auto views = shared_latents(400, 6, 5, panel_properties_seed);
  PanelMoments both = stream(views.x.topRows(150), views.y.topRows(150), 40, executor, options);
  merge(both, stream(views.x.bottomRows(250), views.y.bottomRows(250), 70, executor, options));
  Eigen::VectorXd w(400);
  for (Eigen::Index i = 0; i < 400; ++i) {
    const Eigen::Index age = i < 150 ? 149 - i : 399 - i;
    w(i) = std::exp2(-static_cast<double>(age) / 30);
  }
  const WeightedDefinition expected(views.x, views.y, w);
  CHECK(relative_error(product_of(*both.pairs[0].moments), expected.product) < 1e-12);
  CHECK(both.pairs[0].moments->weights().sum == doctest::Approx(expected.weight).epsilon(1e-13));
  CHECK(both.pairs[0].moments->samples() == 400);
}

TEST_CASE("rows too old to weigh anything are counted, and leave the mean a number") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(1);
  PanelOptions options;
  options.window = Window::exponential(1);
  options.nonfinite_limit = 1;
  const auto views = shared_latents(1300, 5, 4, panel_properties_seed);
  const auto expect_finite = [&](const Eigen::MatrixXd& x, std::uint64_t finite_rows) {
    // A first step in which only the oldest row counts, or all of them: 2^-1199 is 0.
    const PanelMoments first =
        stream(x.topRows(1200), views.y.topRows(1200), 1200, executor, options);
    CHECK(first.taps[0].moments->samples() == finite_rows);
    CHECK(first.taps[0].samples_left_out == 1200 - finite_rows);
    const ShiftedMean& mean = first.taps[0].moments->mean();
    for (std::size_t j = 0; j < 5; ++j) CHECK(std::isfinite(mean.value(j)));
    const PanelMoments both = stream(x, views.y, 1200, executor, options);
    Eigen::VectorXd w(100);
    for (Eigen::Index i = 0; i < 100; ++i) w(i) = std::exp2(-static_cast<double>(99 - i));
    const WeightedDefinition expected(x.bottomRows(100), views.y.bottomRows(100), w);
    CHECK(relative_error(product_of(*both.pairs[0].moments), expected.product) < 1e-12);
    CHECK(both.pairs[0].moments->samples() == finite_rows + 100);
  };
  expect_finite(views.x, 1200);
  Eigen::MatrixXd broken = views.x;
  broken.middleRows(1, 1199).setConstant(std::numeric_limits<double>::quiet_NaN());
  expect_finite(broken, 1);
}

TEST_CASE("a part that saw no rows holds nothing of its taps and pairs") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(1);
  PanelOptions options;
  options.error_blocks = 5;
  const auto views = shared_latents(60, 5, 4, panel_properties_seed);
  const PanelMoments moments = stream(views.x, views.y, 30, executor, options);
  REQUIRE(moments.blocks.size() == 5);
  for (std::size_t b = 0; b < 5; ++b) {
    CAPTURE(b);
    CHECK(moments.blocks[b].taps[0].moments.has_value() == (b < 2));
    CHECK(moments.blocks[b].pairs[0].moments.has_value() == (b < 2));
  }
  CHECK(moments.pairs[0].moments->samples() == 60);
}

TEST_CASE("1, 2 and 4 threads give the same bits in every kind of panel") {
  MESSAGE("seed " << panel_properties_seed);
  const Eigen::MatrixXd x = normal_matrix(700, 300, panel_properties_seed);
  const Eigen::MatrixXd y = normal_matrix(700, 170, panel_properties_seed + 5);
  for (const PanelOptions& options : all_options()) {
    const auto run = [&](int threads) {
      Executor executor(threads);
      return stream(x, y, 100, executor, options);
    };
    const PanelMoments one = run(1);
    CHECK(same_bits(one, run(2)));
    CHECK(same_bits(one, run(4)));
  }
}

TEST_CASE("permuted neurons give permuted moments and the same correlations") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const auto views = shared_latents(500, 150, 20, panel_properties_seed);
  std::vector<Eigen::Index> order(150);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(panel_properties_seed));
  const Eigen::MatrixXd permuted = views.x(Eigen::all, order);
  for (const PanelOptions& options : all_options()) {
    const PanelMoments plain = stream(views.x, views.y, 128, executor, options);
    const PanelMoments other = stream(permuted, views.y, 128, executor, options);
    const Eigen::MatrixXd expected = scatter_of(*plain.taps[0].moments)(order, order);
    // In float32 the order in which a product's rows are added may differ with the place.
    const bool fast = options.precision == Precision::fast;
    CHECK(relative_error(scatter_of(*other.taps[0].moments), expected) < (fast ? 1e-6 : 1e-14));
    CHECK(largest_difference(correlations(plain, executor), correlations(other, executor)) <
          (fast ? 1e-4 : 1e-11));
  }
}

TEST_CASE("offsets to 1e8 and scales from 1e-8 to 1e8 leave the correlations as they are") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const auto views = shared_latents(600, 12, 9, panel_properties_seed);
  Eigen::VectorXd scale(12);
  for (Eigen::Index j = 0; j < 12; ++j)
    scale(j) = std::pow(10.0, -8 + 16.0 * static_cast<double>(j) / 11);
  for (const PanelOptions& options : all_options()) {
    const bool fast = options.precision == Precision::fast;
    const auto plain = correlations(stream(views.x, views.y, 100, executor, options), executor);
    const Eigen::MatrixXd scaled = views.x * scale.asDiagonal();
    CHECK(largest_difference(plain, correlations(stream(scaled, views.y, 100, executor, options),
                                                 executor)) < (fast ? 1e-6 : 1e-12));
    for (const double offset : {1e4, 1e8}) {
      CAPTURE(offset);
      // What the offset leaves of the digits is the truth: compared with the same digits at 0.
      const Eigen::MatrixXd far = views.x.array() + offset;
      const Eigen::MatrixXd near = far.array() - offset;
      CHECK(
          largest_difference(correlations(stream(near, views.y, 100, executor, options), executor),
                             correlations(stream(far, views.y, 100, executor, options), executor)) <
          (fast ? 1e-6 : 1e-12));
    }
  }
}

TEST_CASE("half precision gives the bits of the same values in float64") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const Eigen::MatrixXf x = normal_matrix(300, 20, panel_properties_seed).cast<float>() * 3;
  const Eigen::MatrixXf y = normal_matrix(300, 15, panel_properties_seed + 1).cast<float>();
  const auto as_stored = [&](auto zero, DType dtype) {
    using Half = decltype(zero);
    using HalfMatrix = Eigen::Matrix<Half, Eigen::Dynamic, Eigen::Dynamic>;
    const HalfMatrix half_x = x.cast<Half>();
    const HalfMatrix half_y = y.cast<Half>();
    const PanelMoments expected =
        stream(half_x.template cast<float>().template cast<double>(),
               half_y.template cast<float>().template cast<double>(), 70, executor);
    Panel panel(executor, {});
    panel.add_tap({"net", "layer"}, Layout::nc);
    panel.add_tap({"reference", "layer"}, Layout::nc);
    panel.add_pair(0, 1);
    for (Eigen::Index first = 0; first < 300; first += 70) {
      const std::int64_t rows = std::min<Eigen::Index>(70, 300 - first);
      const auto view = [&](const HalfMatrix& matrix) {
        const std::array<std::int64_t, 2> shape{rows, matrix.cols()};
        const std::array<std::int64_t, 2> strides{1, matrix.rows()};
        return ActivationView(matrix.data() + first, dtype, shape, strides);
      };
      auto step = panel.begin();
      step.observe(0, view(half_x));
      step.observe(1, view(half_y));
      step.commit();
    }
    CHECK(same_bits(panel.end_window(), expected));
  };
  as_stored(Eigen::half{}, DType::float16);
  as_stored(Eigen::bfloat16{}, DType::bfloat16);
}

TEST_CASE("a row that is non-finite in one of many taps leaves all of them alike") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  for (std::uint64_t draw = 0; draw < 10; ++draw) {
    CAPTURE(draw);
    std::mt19937_64 engine(panel_properties_seed + draw);
    constexpr std::size_t taps = 6;
    constexpr Eigen::Index rows = 200;
    Panel broken(executor, {});
    Panel clean(executor, {});
    for (std::size_t i = 0; i < taps; ++i) {
      for (Panel* panel : {&broken, &clean}) panel->add_tap({"net", std::to_string(i)}, Layout::nc);
      if (i > 0) {
        for (Panel* panel : {&broken, &clean}) panel->add_pair(0, i);
      }
    }
    const auto row = static_cast<Eigen::Index>(engine() % rows);
    const std::size_t culprit = engine() % taps;
    auto broken_step = broken.begin();
    auto clean_step = clean.begin();
    for (std::size_t i = 0; i < taps; ++i) {
      Eigen::MatrixXd x = normal_matrix(rows, 4, panel_properties_seed + 10 * draw + i);
      Eigen::MatrixXd without(rows - 1, 4);
      without << x.topRows(row), x.bottomRows(rows - 1 - row);
      if (i == culprit) x(row, 2) = std::numeric_limits<double>::quiet_NaN();
      broken_step.observe(i, view_of(x));
      clean_step.observe(i, view_of(without));
    }
    broken_step.commit();
    clean_step.commit();
    const PanelMoments moments = broken.end_window();
    CHECK(same_bits(moments, clean.end_window()));
    for (const TapMoments& tap : moments.taps) CHECK(tap.samples_left_out == 1);
  }
}

TEST_CASE("a tap that joins late changes no bit of the others, and counts from the next window") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  const Eigen::MatrixXd x = normal_matrix(100, 6, panel_properties_seed);
  Panel alone(executor, {});
  Panel joined(executor, {});
  for (Panel* panel : {&alone, &joined}) {
    panel->add_tap({"net", "a"}, Layout::nc);
    auto step = panel->begin();
    step.observe(0, view_of(x));
    step.commit();
  }
  joined.add_tap({"net", "b"}, Layout::nc);
  joined.add_pair(0, 1);
  for (int window = 0; window < 2; ++window) {
    auto one = alone.begin();
    one.observe(0, view_of(x));
    one.commit();
    auto two = joined.begin();
    two.observe(0, view_of(x));
    two.observe(1, view_of(x));
    two.commit();
    PanelMoments moments = joined.end_window();
    CHECK(moments.taps[1].moments.has_value() == (window == 1));
    CHECK(moments.pairs[0].moments.has_value() == (window == 1));
    moments.taps.pop_back();
    moments.pairs.clear();
    CHECK(same_bits(alone.end_window(), moments));
  }
}

TEST_CASE("fast products are marked, and within float32's rounding of the exact ones") {
  MESSAGE("seed " << panel_properties_seed);
  Executor executor(2);
  PanelOptions fast;
  fast.precision = Precision::fast;
  // Magnitudes whose squares float32 cannot hold.
  for (const double scale : {1e-30, 1.0, 1e30}) {
    CAPTURE(scale);
    const auto views = shared_latents(2000, 30, 20, panel_properties_seed);
    const Eigen::MatrixXd x = views.x * scale;
    const PanelMoments rough = stream(x, views.y, 500, executor, fast);
    const PanelMoments exact = stream(x, views.y, 500, executor);
    const double error =
        relative_error(scatter_of(*rough.taps[0].moments), scatter_of(*exact.taps[0].moments));
    CHECK(error < 1e-7);
    CHECK(error > 0);
    CHECK(rough.taps[0].moments->precision() == Precision::fast);
    CHECK(exact.taps[0].moments->precision() == Precision::exact);
    PanelMoments mixed = exact;
    merge(mixed, rough);
    const PanelSolution solution = solve(mixed, {}, executor);
    CHECK(solution.pairs[0].precision == Precision::fast);
    CHECK(solve(exact, {}, executor).pairs[0].precision == Precision::exact);
  }
}

TEST_CASE(
    "fast products raise the rank tolerance: what float32 cannot tell apart leaves the rank") {
  Executor executor(1);
  CHECK(rank_tolerance(64, Precision::exact) == 8 * 64 * std::ldexp(1, -52));
  CHECK(rank_tolerance(64, Precision::fast) == 8 * 64 * std::ldexp(1, -23));
  Eigen::MatrixXd x = normal_matrix(1000, 6, panel_properties_seed);
  x.col(5) = x.col(0) + 1e-4 * x.col(5);  // an eigenvalue of about 1e-8 of the largest
  PanelOptions fast;
  fast.precision = Precision::fast;
  CHECK(solve(stream(x, x, 100, executor), {}, executor).taps[0].rank == 6);
  CHECK(solve(stream(x, x, 100, executor, fast), {}, executor).taps[0].rank == 5);
}
