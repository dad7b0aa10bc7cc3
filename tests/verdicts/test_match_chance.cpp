#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/snapshot/solve.hpp"
#include "support/panel_of_two.hpp"
#include "support/random_data.hpp"
#include "verdicts/layer_alarms.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;

namespace {

constexpr std::uint64_t match_seed = 90210;
constexpr std::size_t layer_count = 12;
constexpr Eigen::Index samples = 60;

/// A layer of the trained network, and all layers of a reference that have nothing to do with it;
/// but the last one is the layer itself with noise, if so asked.
std::vector<MeasureRow> rows_of(const Eigen::MatrixXd& layer, std::uint64_t seed, bool last_is_it,
                                const MeasureInfo& measure, Executor& executor) {
  std::vector<MeasureRow> rows;
  for (std::size_t k = 0; k < layer_count; ++k) {
    const Eigen::Index width = 4 + static_cast<Eigen::Index>(k % 3);
    Eigen::MatrixXd other = normal_matrix(samples, width, seed + k);
    if (last_is_it && k + 1 == layer_count) other.leftCols(4) += 1.5 * layer.leftCols(4);
    const PanelSolution solution = livecca_tests::solve_pair(layer, other, executor);
    const MeasureResult result = evaluate(solution, 0, measure);
    MeasureRow row;
    row.layer = "layer0";
    row.reference = "seed7";
    row.reference_layer = "layer" + std::to_string(k);
    row.measure = measure.row_name();
    row.direction = measure.shown();
    const bool distance = row.direction == Direction::distance;
    row.value = distance ? result.distance() : result.similarity();
    row.noise_floor = distance ? result.distance_floor() : result.similarity_floor();
    row.p_value = result.p_value;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::size_t alarms(bool last_is_it, const MeasureInfo& measure, bool with_p_values = true) {
  Executor executor(1);
  std::size_t count = 0;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    const std::uint64_t seed = match_seed + 100 * draw;
    const Eigen::MatrixXd layer = normal_matrix(samples, 5, seed + 99);
    auto rows = rows_of(layer, seed, last_is_it, measure, executor);
    std::vector<LayerMatch> matches;
    for (MeasureRow& row : rows) {
      if (!with_p_values) row.p_value.reset();
      matches.push_back({&row, {}});
    }
    count += match_alarm(matches, {}) ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("the best of twelve unrelated layers is no match") {
  MESSAGE("seed " << match_seed);
  for (const Measure measure : {Measure::pwcca, Measure::svcca, Measure::linear_cka}) {
    CAPTURE(info_of(measure).name);
    // One of 1,000 is expected: 2 of 100 would come in 1 of 200 tries.
    CHECK(alarms(false, info_of(measure)) < 2);
  }
  // What happens without: nearly always another one than the first is the nearest.
  CHECK(alarms(false, info_of(Measure::pwcca), false) > 50);
}

TEST_CASE("a layer that is another one is still found among twelve") {
  CHECK(alarms(true, info_of(Measure::pwcca)) > 95);
}
