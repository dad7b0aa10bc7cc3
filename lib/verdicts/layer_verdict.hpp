#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"
#include "verdicts/own_motion.hpp"
#include "verdicts/settling.hpp"

namespace livecca {

/// What verdicts on a layer's later snapshots need of the earlier ones.
struct MotionCourse {
  std::vector<Motion> latest;  ///< at most snapshots_of_motion, in their order
  /// While it is settled, the epoch at which that was said first.
  std::optional<std::int64_t> settled_since;
  std::uint64_t doubts = 0;  ///< snapshots in a row that spoke against it since
  bool is_wandering = false;
  std::uint64_t turns = 0;  ///< snapshots in a row that spoke against that
  ExpectedSettlings expected;
};

/// What a verdict looks at beside the layer's own course.
struct NetworkCourse {
  double slowing = 0;          ///< the median of all layers' slowing() at this snapshot
  bool rate_rose = false;      ///< the learning rate jumped up since the snapshot before
  SettlingRecord settlings{};  ///< of all layers, changed by each
};

/// Takes in a layer's motion at the next snapshot.
void remember(MotionCourse& course, const Motion& motion);

/// The verdict on a layer, from its own motion; see docs/verdicts.md. Changes whether the course is
/// settled, and what is expected of it.
VerdictRow judge_motion(MotionCourse& course, NetworkCourse& network,
                        const VerdictOptions& options);

}  // namespace livecca
