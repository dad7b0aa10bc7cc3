#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"
#include "verdicts/own_motion.hpp"

namespace livecca {

/// What verdicts on a layer's later snapshots need of the earlier ones.
struct MotionCourse {
  std::vector<Motion> latest;  ///< at most snapshots_of_motion, in their order
  /// While it is settled, the epoch at which that was said first.
  std::optional<std::int64_t> settled_since;
  std::uint64_t doubts = 0;  ///< snapshots in a row that spoke against it since
  bool is_wandering = false;
  std::uint64_t turns = 0;  ///< snapshots in a row that spoke against that
};

/// Takes in a layer's motion at the next snapshot.
void remember(MotionCourse& course, const Motion& motion);

/// The verdict on a layer, from its own motion; see docs/verdicts.md. `network_slowing` is the
/// median of all layers' slowing() at this snapshot. Changes whether the course is settled.
VerdictRow judge_motion(MotionCourse& course, double network_slowing,
                        const VerdictOptions& options);

}  // namespace livecca
