#include "runs/watching.hpp"

namespace livecca::tool {

Watching watching_of(const OverheadRow& overhead, const std::optional<RunRow>& facts) {
  Watching watching;
  watching.seconds = overhead.observe_seconds + overhead.wait_seconds + overhead.reference_seconds;
  // There livecca's own work is on the training threads.
  if (facts && facts->synchronous) {
    watching.seconds += overhead.accumulate_seconds + overhead.solve_seconds;
  }
  const double all = watching.seconds + overhead.training_seconds.value_or(0);
  if (overhead.training_seconds && all > 0) watching.share = watching.seconds / all;
  return watching;
}

}  // namespace livecca::tool
