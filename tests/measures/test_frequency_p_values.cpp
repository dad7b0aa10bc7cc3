#include <doctest/doctest.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "livecca/measures/frequency_mean.hpp"
#include "livecca/moments/fourier_taps.hpp"
#include "livecca/moments/panel.hpp"
#include "support/random_data.hpp"

// p-values of means over frequencies: of unrelated maps they are at most too large.

using namespace livecca;
using Eigen::Index;
using Eigen::MatrixXd;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t frequency_p_values_seed = 8221;
constexpr std::int64_t images = 80;
constexpr std::int64_t channels = 6;
constexpr std::int64_t width = 8;

/// (channels · width) × images, NCHW.
MatrixXd maps(std::uint64_t seed) { return normal_matrix(channels * width, images, seed); }

/// Maps of which only two pixels are not 0: then frequencies 0 and 4 hold the same, and 1 and 3.
MatrixXd of_two_pixels(std::uint64_t seed) {
  MatrixXd all = maps(seed);
  for (Index c = 0; c < channels; ++c) {
    for (const Index pixel : {1, 3, 4, 5, 6, 7}) all.row(c * width + pixel).setZero();
  }
  return all;
}

struct Solved {
  PanelSolution solution;
  LayerPair layers;

  Solved(const MatrixXd& x, const MatrixXd& y, Executor& executor) {
    Panel panel(executor, {});
    const Grid grid{.height = 1, .width = static_cast<std::size_t>(width)};
    const TapShape shape{
        .features = static_cast<std::size_t>(channels), .grid = grid, .dtype = DType::float64};
    FourierTaps taps_x(panel, {"net", "conv"}, Layout::nchw, shape, grid);
    FourierTaps taps_y(panel, {"reference", "conv"}, Layout::nchw, shape, grid);
    add_pairs(panel, taps_x, taps_y);
    const std::array<std::int64_t, 4> extents{x.cols(), channels, 1, width};
    auto step = panel.begin();
    taps_x.observe(step, ActivationView(x.data(), DType::float64, extents));
    taps_y.observe(step, ActivationView(y.data(), DType::float64, extents));
    step.commit();
    const PanelMoments moments = panel.end_window();
    solution = solve(moments, {}, executor);
    layers = layer_pairs(moments).front();
  }
};

constexpr std::array tested{
    Measure::mean_cca,   Measure::r2_cca,          Measure::pwcca,
    Measure::svcca,      Measure::linreg_x_from_y, Measure::procrustes,
    Measure::linear_cka, Measure::angular,         Measure::partial_whitening};

/// The share of unrelated pairs with a p-value below 0.05, by measure.
template <typename Maps>
std::array<double, tested.size()> shares_below(int draws, const Maps& maps_of) {
  Executor executor(2);
  std::array<double, tested.size()> below{};
  for (int draw = 0; draw < draws; ++draw) {
    const auto seed = frequency_p_values_seed + static_cast<std::uint64_t>(2 * draw);
    const Solved solved(maps_of(seed), maps_of(seed + 1), executor);
    for (std::size_t m = 0; m < tested.size(); ++m) {
      const auto p = evaluate(solved.solution, solved.layers, info_of(tested[m])).p_value;
      REQUIRE(p.has_value());
      if (*p < 0.05) below[m] += 1.0 / draws;
    }
  }
  return below;
}

}  // namespace

TEST_CASE("p-values of means over frequencies are safe, also if frequencies hold the same") {
  MESSAGE("seed " << frequency_p_values_seed);
  constexpr int draws = 400;
  const auto of_white = shares_below(draws, maps);
  const auto of_dependent = shares_below(draws, of_two_pixels);
  for (std::size_t m = 0; m < tested.size(); ++m) {
    CAPTURE(info_of(tested[m]).name);
    MESSAGE(info_of(tested[m]).name << ": below 0.05 " << of_white[m]
                                    << " if frequencies are independent, " << of_dependent[m]
                                    << " if every second one is the same");
    CHECK(of_white[m] < 0.02);  // five numbers that do not vary together
    CHECK(of_dependent[m] < 0.05 + 3 * std::sqrt(0.05 * 0.95 / draws));
  }
}

TEST_CASE(
    "a weak relation of all frequencies is told, and how many images would tell a weaker one") {
  Executor executor(2);
  const MatrixXd x = maps(frequency_p_values_seed);
  const auto mixed = [&](double share) {
    return MatrixXd(share * x + maps(frequency_p_values_seed + 1));
  };
  for (const Measure measure : tested) {
    CAPTURE(info_of(measure).name);
    const auto of = [&](double share) {
      const Solved solved(x, mixed(share), executor);
      const MeasureResult result = evaluate(solved.solution, solved.layers, info_of(measure));
      return std::pair(result.p_value.value(),
                       samples_needed(solved.solution, solved.layers, result));
    };
    CHECK(of(1).first < 1e-4);
    CHECK_FALSE(of(1).second);
    const auto [p_value, needed] = of(0.12);
    MESSAGE(info_of(measure).name << ": p-value " << p_value << ", " << needed.value_or(0)
                                  << " images");
    if (p_value >= 0.01) {
      REQUIRE(needed.has_value());
      CHECK(*needed > images);
      CHECK(*needed < 40.0 * images);
    }
  }
}
