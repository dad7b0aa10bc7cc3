#pragma once

#include <optional>
#include <string>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/monitor/options.hpp"
#include "monitor/comparison/recorded_comparison.hpp"
#include "monitor/history/recorded_side.hpp"
#include "verdicts/verdicts.hpp"

namespace livecca {

/// The measure of own motion.
const MeasureInfo& motion_measure_info();

/// Its distance on the scale on which unrelated data have 1; empty where it is not known.
std::optional<double> motion_distance(const MeasureResult& result);

/// How far each layer of the trained network is from itself at earlier snapshots of its history.
///
/// The layer's moments now, and their whitening, are made once for all lags. Cost: that of
/// comparing with as many references as there are lags. Thread safety: none.
class OwnMotions {
 public:
  /// The executor is borrowed.
  OwnMotions(const MonitorOptions& options, Executor& executor);

  /// The motion of a layer. `earlier` are the snapshots motion_lags before, as far as there are so
  /// many; their network is before_reference(lag).
  LayerMotion measure(const std::string& layer, const RecordedSide& now,
                      const std::vector<RecordedSide>& earlier,
                      const RecordedComparison::Report& report) const;

 private:
  MonitorOptions options_;  ///< those of the run, but for what is measured
  Executor& executor_;
};

}  // namespace livecca
