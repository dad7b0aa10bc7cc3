#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "livecca/moments/panel.hpp"

using namespace livecca;

namespace {

constexpr std::uint64_t floor_of_positions_seed = 7;
constexpr int images = 200;
constexpr int channels = 50;
constexpr int positions = 16;

/// Images × channels × 4 × 4; the positions of an image share 0.9 of the variance.
std::vector<double> dependent_positions(std::mt19937_64& engine) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  values.reserve(images * channels * positions);
  for (int channel = 0; channel < images * channels; ++channel) {
    const double common = std::sqrt(0.9) * normal(engine);
    for (int position = 0; position < positions; ++position) {
      values.push_back(common + std::sqrt(0.1) * normal(engine));
    }
  }
  return values;
}

}  // namespace

TEST_CASE("the floor of a convolution counts images: 200 of them with 16 positions, within 15 %") {
  MESSAGE("seed " << floor_of_positions_seed);
  Executor executor(2);
  std::mt19937_64 engine(floor_of_positions_seed);
  constexpr std::array<std::int64_t, 4> shape{images, channels, 4, 4};
  constexpr int draws = 50;
  double sum = 0;
  double floor = 0;
  for (int draw = 0; draw < draws; ++draw) {
    const auto x = dependent_positions(engine);
    const auto y = dependent_positions(engine);
    Panel panel(executor, {});
    panel.add_tap({"net", "conv"}, Layout::nchw);
    panel.add_tap({"reference", "conv"}, Layout::nchw);
    panel.add_pair(0, 1);
    auto step = panel.begin();
    step.observe(0, ActivationView(x.data(), DType::float64, shape));
    step.observe(1, ActivationView(y.data(), DType::float64, shape));
    step.commit();
    SolveOptions options;
    options.quantities = info_of(Measure::mean_cca).needs;
    const PanelSolution solution = solve(panel.end_window(), options, executor);
    const MeasureResult result = evaluate(solution, 0, info_of(Measure::mean_cca));
    sum += result.value.value();
    floor = result.floor.value();
    CHECK(facts_of(solution, 0).samples == images * positions);
    CHECK(facts_of(solution, 0).effective_samples == images);
    // Averages over permuted rows say nothing here.
    CHECK_FALSE(evaluate(solution, 0, info_of(Measure::linear_cka)).floor.has_value());
    CHECK_FALSE(evaluate(solution, 0, info_of(Measure::r2_cca_adjusted)).value.has_value());
  }
  const double of_rows = mean_correlation_floor(channels, channels, images * positions);
  MESSAGE("mean_cca " << sum / draws << ", floor of images " << floor << ", of rows " << of_rows);
  CHECK(floor == mean_correlation_floor(channels, channels, images));
  CHECK(std::abs(sum / draws - floor) < 0.15 * floor);
  CHECK(of_rows < 0.3 * floor);
}
