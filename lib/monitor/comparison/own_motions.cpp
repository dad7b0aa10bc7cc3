#include "monitor/comparison/own_motions.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "livecca/sinks/reference.hpp"
#include "livecca/snapshot/solver.hpp"
#include "monitor/comparison/asked_measures.hpp"
#include "verdicts/own_motion.hpp"

namespace livecca {
namespace {

constexpr const char* motion_name = "pwcca";

MonitorOptions for_motions(MonitorOptions options) {
  options.measures = {motion_name};
  options.error_blocks = 0;
  return options;
}

std::optional<std::size_t> place_of_lag(const std::string& reference) {
  for (std::size_t i = 0; i < motion_lags.size(); ++i) {
    if (reference == before_reference(motion_lags[i])) return i;
  }
  return std::nullopt;
}

/// Whether both are the layer under the same conditions: its motion is what training does, not what
/// dropout in another mode does, or another width.
bool are_alike(const std::string& layer, const RecordedPack& now, const RecordedPack& then) {
  return now.is_of_training_mode() == then.is_of_training_mode() &&
         now.find(layer)->features_of_tap == then.find(layer)->features_of_tap;
}

}  // namespace

const MeasureInfo& motion_measure_info() { return *find_measure(motion_name); }

std::optional<double> motion_distance(const MeasureResult& result) {
  const std::optional<double> distance = result.distance();
  const std::optional<double> floor = result.distance_floor();
  if (!distance || !floor || !std::isfinite(*distance) || *floor <= 0) return std::nullopt;
  return std::clamp(*distance / *floor, 0.0, 1.0);
}

OwnMotions::OwnMotions(const MonitorOptions& options, Executor& executor)
    : options_(for_motions(options)), executor_(executor) {}

LayerMotion OwnMotions::measure(const std::string& layer, const RecordedSide& now,
                                const std::vector<RecordedSide>& earlier,
                                const RecordedComparison::Report& report) const {
  LayerMotion motion{.layer = layer};
  const auto pack = now.layers.find(layer);
  if (!pack) return motion;
  std::vector<RecordedSide> sides;
  for (const RecordedSide& side : earlier) {
    const auto then = side.layers.find(layer);
    if (!then || !are_alike(layer, *pack, *then)) continue;
    sides.push_back({side.network, side.kind, LayerPacks(layer, then)});
  }
  // By itself, so that rows of other layers that are not finite cost it nothing.
  RecordedComparison comparison(options_, executor_, 1.0);
  const auto compared =
      comparison.compare({now.network, now.kind, LayerPacks(layer, pack)}, sides, report);
  if (compared.pairs.empty()) return motion;
  Solver solver(executor_);
  SolveOptions needed = solve_options(options_);
  needed.quantities = needs_of(measures_of(options_));  // no condition numbers: no row has them
  const PanelSolution solution = solver.solve(compared.moments, needed);
  for (const std::size_t pair : compared.pairs) {
    const TapName& then = compared.moments.taps[compared.moments.pairs[pair].y].name;
    const auto lag = place_of_lag(then.network);
    if (!lag) continue;
    const MeasureResult result = evaluate(solution, pair, motion_measure_info());
    motion.moved[*lag] = motion_distance(result);
    if (motion_lags[*lag] != 1) continue;
    motion.p_value = result.p_value;
    motion.samples_needed = samples_needed(solution, pair, result);
  }
  return motion;
}

}  // namespace livecca
