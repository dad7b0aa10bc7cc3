#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "livecca/activations/eigen.hpp"
#include "livecca/measures/measure.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"

// Floors and p-values of procrustes, procrustes_normalised, angular and partial_whitening.

using namespace livecca;
using Eigen::Index;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;
using livecca_tests::stream;

namespace {

constexpr std::uint64_t shape_floors_seed = 1789;

constexpr std::array<Measure, 4> shape_measures{Measure::procrustes, Measure::procrustes_normalised,
                                                Measure::angular, Measure::partial_whitening};

SolveOptions only_shapes() {
  SolveOptions options;
  options.quantities = {.nuclear_norm = true, .partial_whitening = true};
  return options;
}

/// What draws of one measure say, beside its floor.
struct ShapeDraws {
  std::vector<double> values;
  std::vector<double> floors;
  std::vector<double> p_values;

  void add(const MeasureResult& result) {
    values.push_back(result.value.value());
    floors.push_back(result.floor.value());
    p_values.push_back(result.p_value.value());
  }
  static double mean(const std::vector<double>& of) {
    return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
  }
  /// How far the floor is off, in units of what values vary by around it.
  double error() const {
    double squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) squares += std::pow(values[i] - floors[i], 2);
    return (mean(floors) - mean(values)) / std::sqrt(squares / static_cast<double>(values.size()));
  }
  double share_below(double limit) const {
    const auto count = std::ranges::count_if(p_values, [&](double p) { return p < limit; });
    return static_cast<double>(count) / static_cast<double>(p_values.size());
  }
};

/// Within 4 standard errors of so many draws. The floor may be off by 0.06 deviations.
void check_draws(const ShapeDraws& draws, Measure measure) {
  MESSAGE(info_of(measure).name << ": mean " << ShapeDraws::mean(draws.values) << ", floor "
                                << ShapeDraws::mean(draws.floors) << " (" << draws.error()
                                << " deviations), below 0.05: " << draws.share_below(0.05)
                                << ", below 0.01: " << draws.share_below(0.01));
  const double margin = 4 / std::sqrt(static_cast<double>(draws.values.size()));
  CHECK(std::abs(draws.error()) < 0.06 + margin);
  CHECK(std::abs(draws.share_below(0.05) - 0.05) < 0.218 * margin);
  CHECK(draws.share_below(0.01) < 0.01 + 0.1 * margin);
}

/// `draw` makes a pair of sides, by its number.
template <typename Draw>
void check_shape_floors(int draws, const Draw& draw) {
  Executor executor(2);
  std::array<ShapeDraws, 4> found;
  for (int i = 0; i < draws; ++i) {
    const auto [x, y] = draw(i);
    const PanelSolution solution = solve(stream(x, y, 512, executor), only_shapes(), executor);
    for (std::size_t m = 0; m < found.size(); ++m) {
      found[m].add(evaluate(solution, 0, info_of(shape_measures[m])));
    }
  }
  for (std::size_t m = 0; m < found.size(); ++m) check_draws(found[m], shape_measures[m]);
}

/// Gaussian neurons, mixed, whose principal directions have variances like i^-power.
MatrixXd of_spectrum(Index n, Index d, double power, std::uint64_t seed) {
  const Eigen::ArrayXd places = Eigen::ArrayXd::LinSpaced(d, 1, static_cast<double>(d));
  const Eigen::HouseholderQR<MatrixXd> mix(normal_matrix(d, d, shape_floors_seed));
  return normal_matrix(n, d, seed) * places.pow(-power / 2).matrix().asDiagonal() *
         MatrixXd(mix.householderQ());
}

std::vector<Index> shuffled(Index count, std::uint64_t seed) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 engine(seed);
  std::ranges::shuffle(order, engine);
  return order;
}

std::uint64_t draw_seed(int draw) {
  return shape_floors_seed + 10 + 2 * static_cast<std::uint64_t>(draw);
}

}  // namespace

TEST_CASE("floors and p-values of shape distances are those of unrelated data") {
  MESSAGE("seed " << shape_floors_seed);
  for (const auto& [n, dx, dy, power_x, power_y] : {std::tuple{60, 6, 9, 0.0, 0.0},
                                                    {60, 9, 6, 2.0, 2.0},
                                                    {200, 20, 20, 2.0, 0.0},
                                                    {90, 30, 20, 1.0, 1.0},
                                                    {101, 2, 3, 0.0, 0.0},
                                                    {40, 1, 5, 0.0, 2.0}}) {
    CAPTURE(n);
    CAPTURE(dx);
    CAPTURE(dy);
    CAPTURE(power_x);
    check_shape_floors(n < 80 ? 1500 : 700, [&](int draw) {
      return std::pair(of_spectrum(n, dx, power_x, draw_seed(draw)),
                       of_spectrum(n, dy, power_y, draw_seed(draw) + 1));
    });
  }
}

TEST_CASE("they also hold where there are fewer samples than features") {
  for (const auto& [n, dx, dy] : {std::tuple{50, 30, 24}, {16, 24, 12}, {16, 20, 24}}) {
    CAPTURE(n);
    CAPTURE(dx);
    check_shape_floors(700, [&](int draw) {
      return std::pair(of_spectrum(n, dx, 1, draw_seed(draw)),
                       of_spectrum(n, dy, 1, draw_seed(draw) + 1));
    });
  }
}

TEST_CASE("they hold for permuted rows of one set of ReLU neurons, whatever its relation was") {
  constexpr Index n = 150;
  const MatrixXd x = of_spectrum(n, 16, 1, shape_floors_seed + 1).cwiseMax(0);
  const MatrixXd y = (x * normal_matrix(16, 12, shape_floors_seed + 2)).cwiseMax(0);
  Executor executor(2);
  const PanelSolution related = solve(stream(x, y, 512, executor), only_shapes(), executor);
  for (const Measure measure : shape_measures) {
    CHECK(evaluate(related, 0, info_of(measure)).p_value.value() < 1e-6);
  }
  check_shape_floors(700, [&](int draw) {
    return std::pair(x, MatrixXd(y(shuffled(n, draw_seed(draw)), Eigen::all)));
  });
}

TEST_CASE(
    "pooled images are permuted whole; positions not read again have no floor and no p-value") {
  constexpr std::int64_t images = 90;
  constexpr std::int64_t channels = 5;
  constexpr std::int64_t positions = 4;
  // Positions of an image share most of their variance, and y is a map of x.
  MatrixXd x = normal_matrix(channels * positions, images, shape_floors_seed + 3);
  for (Index c = 0; c < channels; ++c) {
    x.middleRows(c * positions, positions).rowwise() +=
        3 * normal_matrix(1, images, shape_floors_seed + 4 + static_cast<std::uint64_t>(c)).row(0);
  }
  const MatrixXd y = (normal_matrix(channels * positions, channels * positions, 5) * x).cwiseMax(0);
  Executor executor(2);
  const auto solved = [&](const MatrixXd& of_y, Samples samples) {
    Panel panel(executor, {});
    const Reading reading(Layout::nchw, samples);
    panel.add_tap({"net", "conv"}, reading);
    panel.add_tap({"reference", "conv"}, reading);
    panel.add_pair(0, 1);
    const std::array<std::int64_t, 4> shape{images, channels, 2, 2};
    auto step = panel.begin();
    step.observe(0, ActivationView(x.data(), DType::float64, shape));
    step.observe(1, ActivationView(of_y.data(), DType::float64, shape));
    step.commit();
    return solve(panel.end_window(), only_shapes(), executor);
  };
  const PanelSolution single = solved(y, Samples::positions);
  for (const Measure measure : shape_measures) {
    const MeasureResult result = evaluate(single, 0, info_of(measure));
    CHECK(result.value);
    CHECK_FALSE(result.floor);
    CHECK_FALSE(result.p_value);
    CHECK_FALSE(samples_needed(single, 0, result));
  }
  std::array<ShapeDraws, 4> found;
  for (int draw = 0; draw < 1500; ++draw) {
    const MatrixXd permuted = y(Eigen::all, shuffled(images, draw_seed(draw)));
    const PanelSolution solution = solved(permuted, Samples::pooled);
    for (std::size_t m = 0; m < found.size(); ++m) {
      found[m].add(evaluate(solution, 0, info_of(shape_measures[m])));
    }
  }
  for (std::size_t m = 0; m < found.size(); ++m) check_draws(found[m], shape_measures[m]);
}

TEST_CASE(
    "they hold for one frequency of complex coefficients, as do those of the other measures") {
  Executor executor(2);
  const Frequency frequency{.height = 0, .width = 1, .multiplicity = 2};
  std::array<ShapeDraws, 4> shapes;
  std::vector<ShapeDraws> others(measures().size());
  for (int draw = 0; draw < 1500; ++draw) {
    Panel panel(executor, {});
    panel.add_frequency_tap({"net", "conv@f(0,1)"}, frequency);
    panel.add_frequency_tap({"reference", "conv@f(0,1)"}, frequency);
    panel.add_pair(0, 1);
    const MatrixXd x = normal_matrix(60, 12, draw_seed(draw));  // 6 real parts and 6 imaginary ones
    const MatrixXd y = normal_matrix(60, 8, draw_seed(draw) + 1);
    auto step = panel.begin();
    step.observe(0, view_of(x));
    step.observe(1, view_of(y));
    step.commit();
    const PanelSolution solution = solve(panel.end_window(), {}, executor);
    REQUIRE(facts_of(solution, 0).is_complex);
    for (std::size_t m = 0; m < shapes.size(); ++m) {
      shapes[m].add(evaluate(solution, 0, info_of(shape_measures[m])));
    }
    for (std::size_t m = 0; m < others.size(); ++m) {
      const MeasureResult result = evaluate(solution, 0, measures()[m]);
      if (result.floor && result.p_value) others[m].add(result);
    }
  }
  for (std::size_t m = 0; m < shapes.size(); ++m) check_draws(shapes[m], shape_measures[m]);
  int with_law = 0;
  for (std::size_t m = 0; m < others.size(); ++m) {
    if (others[m].values.empty()) continue;
    ++with_law;
    check_draws(others[m], measures()[m].measure);
  }
  CHECK(with_law == 14);  // all but debiased CKA and RV2, which complex data do not have
}

TEST_CASE("in a window that forgets, floors are within 3 % or on the safe side") {
  Executor executor(2);
  PanelOptions options;
  options.window = Window::exponential(30);
  for (const Index d : {Index{20}, Index{60}, Index{120}}) {
    CAPTURE(d);
    std::array<ShapeDraws, 4> found;
    for (int draw = 0; draw < 40; ++draw) {
      const PanelSolution solution =
          solve(stream(of_spectrum(400, d, 1, draw_seed(draw)),
                       of_spectrum(400, d, 1, draw_seed(draw) + 1), 40, executor, options),
                only_shapes(), executor);
      for (std::size_t m = 0; m < found.size(); ++m) {
        found[m].add(evaluate(solution, 0, info_of(shape_measures[m])));
      }
    }
    for (std::size_t m = 0; m < found.size(); ++m) {
      const double ratio = ShapeDraws::mean(found[m].floors) / ShapeDraws::mean(found[m].values);
      MESSAGE(info_of(shape_measures[m]).name << " of " << d << ": floor / mean " << ratio);
      CHECK(ratio < 1.01);
      if (shape_measures[m] != Measure::partial_whitening) CHECK(ratio > 0.97);
      CHECK(found[m].share_below(0.05) <= 0.1);
    }
  }
}

TEST_CASE("the same sides give the same bits, on any thread and after any other pair") {
  Executor executor(1);
  const auto solved = [&](double power) {
    return solve(stream(of_spectrum(100, 12, power, 1), of_spectrum(100, 9, 1, 2), 64, executor),
                 only_shapes(), executor);
  };
  const PanelSolution solution = solved(1);
  const PanelSolution other = solved(2);
  for (const Measure measure : shape_measures) {
    const MeasureResult once = evaluate(solution, 0, info_of(measure));
    for (int i = 0; i < 6; ++i) evaluate(other, 0, info_of(shape_measures[0]));
    const MeasureResult twice = evaluate(solution, 0, info_of(measure));
    MeasureResult elsewhere;
    std::thread([&] { elsewhere = evaluate(solution, 0, info_of(measure)); }).join();
    CHECK(once.floor.value() == twice.floor.value());
    CHECK(once.p_value.value() == twice.p_value.value());
    CHECK(once.floor.value() == elsewhere.floor.value());
    CHECK(once.p_value.value() == elsewhere.p_value.value());
    CHECK(once.floor.value() != evaluate(other, 0, info_of(measure)).floor.value());
  }
}

TEST_CASE("white sides have the floor of mean CCA") {
  // Partial whitening with α = 0 is CCA: its cosine is the mean correlation, for equal ranks.
  Executor executor(1);
  SolveOptions options;
  options.partial_whitening_alpha = 0;
  for (const Index d : {Index{12}, Index{40}}) {
    for (const Index n : {3 * d / 2, 3 * d, 40 * d}) {
      CAPTURE(d);
      CAPTURE(n);
      const PanelSolution solution =
          solve(stream(of_spectrum(n, d, 1, 1), of_spectrum(n, d, 1, 2), 512, executor), options,
                executor);
      const MeasureResult shape = evaluate(solution, 0, info_of(Measure::partial_whitening));
      const MeasureResult cca = evaluate(solution, 0, info_of(Measure::mean_cca));
      CHECK(std::cos(shape.floor.value()) == doctest::Approx(cca.floor.value()).epsilon(0.003));
      CHECK(std::abs(shape.p_value.value() - cca.p_value.value()) < 0.05);
    }
  }
}

TEST_CASE("where every score is the same, the p-value is 1 and the floor is the score") {
  // As many dimensions as y has white directions: all of x's lie within them.
  Executor executor(1);
  SolveOptions options;
  options.partial_whitening_alpha = 0;
  const PanelSolution solution = solve(
      stream(normal_matrix(20, 6, 3), normal_matrix(20, 40, 4), 64, executor), options, executor);
  const MeasureResult result = evaluate(solution, 0, info_of(Measure::partial_whitening));
  CHECK(result.p_value.value() == 1);
  CHECK(result.floor.value() == doctest::Approx(result.value.value()).epsilon(1e-4));
}

TEST_CASE("any scale of the sides has a floor, and sides of unequal scales too") {
  Executor executor(1);
  const MatrixXd x = of_spectrum(80, 6, 1, 5);
  const MatrixXd y = of_spectrum(80, 5, 1, 6);
  const auto floor = [&](double of_x, double of_y, Measure measure) {
    const PanelSolution solution =
        solve(stream(of_x * x, of_y * y, 64, executor), only_shapes(), executor);
    return evaluate(solution, 0, info_of(measure)).floor.value();
  };
  const double plain = floor(1, 1, Measure::procrustes);
  CHECK(floor(1e120, 1e120, Measure::procrustes) == doctest::Approx(1e120 * plain));
  CHECK(floor(1e-120, 1e-120, Measure::procrustes) == doctest::Approx(1e-120 * plain));
  CHECK(floor(1e120, 1, Measure::angular) == doctest::Approx(floor(1, 1, Measure::angular)));
  // Of a side that is much larger than the other, the distance is its norm.
  const MatrixXd centred = x.rowwise() - x.colwise().mean();
  CHECK(floor(1e9, 1, Measure::procrustes) == doctest::Approx(1e9 * centred.norm()));
}

TEST_CASE("so many samples as are needed tell a weak relation by its angle") {
  const auto angle = [](Index n, std::uint64_t seed) {
    Executor executor(2);
    const MatrixXd x = normal_matrix(n, 6, seed);
    const MatrixXd y = 0.25 * x + std::sqrt(1 - 0.0625) * normal_matrix(n, 6, seed + 1);
    const PanelSolution solution = solve(stream(x, y, 512, executor), only_shapes(), executor);
    const MeasureResult result = evaluate(solution, 0, info_of(Measure::angular));
    return std::pair(result, samples_needed(solution, 0, result));
  };
  std::vector<double> needed;
  for (std::uint64_t draw = 0; draw < 101; ++draw) {
    const auto [result, samples] = angle(60, 1000 + 2 * draw);
    if (*result.p_value < told_from_chance) continue;
    needed.push_back(samples.value_or(1e9));
  }
  REQUIRE(needed.size() > 40);
  const auto middle = needed.begin() + static_cast<std::ptrdiff_t>(needed.size() / 2);
  std::ranges::nth_element(needed, middle);
  MESSAGE("needed in the median: " << *middle);
  const auto told = [&](Index n) {
    int count = 0;
    for (std::uint64_t draw = 0; draw < 200; ++draw) {
      count += *angle(n, 5000 + 2 * draw).first.p_value < told_from_chance ? 1 : 0;
    }
    return count;
  };
  CHECK(told(static_cast<Index>(*middle)) > 150);
  CHECK(told(static_cast<Index>(*middle / 2)) < 150);
}
