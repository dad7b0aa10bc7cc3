#include "verdicts/layer_verdict.hpp"

#include <algorithm>

namespace livecca {
namespace {

/// A layer that is settled keeps the word until the forecast is this many tolerances away, at three
/// snapshots in a row: forecasts scatter by a factor of two.
constexpr double clearly_not = 4;
constexpr std::uint64_t most_doubts = 3;
/// Of 1,404 forecasts, 10 % of the layers ended nearer than this share of it, and 10 % farther
/// away: a forecast has to be careful, so it is mostly too large.
constexpr double low_share = 0.075;
constexpr double high_share = 1.8;
/// Unrelated data have 1.
constexpr double like_unrelated = 0.9;
/// Below this exponent a layer goes nowhere in particular: a random walk has 1, a straight way 2.
constexpr double wandering_exponent = 0.75;
/// Nor does it slow down by more than this a snapshot.
constexpr double slows_down = -0.15;
/// So many snapshots in a row have to say so, or no more.
constexpr std::uint64_t enough_turns = 3;

/// What was said of the layer holds no more: it went off, or is not known.
void forget(MotionCourse& course) {
  course.settled_since.reset();
  course.doubts = 0;
  course.is_wandering = false;
  course.turns = 0;
}

void settle(MotionCourse& course, double step, double remaining, std::int64_t epoch,
            double tolerance) {
  if (!course.settled_since) {
    if (remaining <= tolerance && step <= tolerance) course.settled_since = epoch;
    course.doubts = 0;
    return;
  }
  course.doubts = remaining > clearly_not * tolerance ? course.doubts + 1 : 0;
  if (step > tolerance || course.doubts >= most_doubts) {
    forget(course);
  }
}

void wander(MotionCourse& course, double exponent, double network_slowing) {
  const bool goes_nowhere = exponent < wandering_exponent && network_slowing > slows_down;
  course.turns = goes_nowhere == course.is_wandering ? 0 : course.turns + 1;
  if (course.turns < enough_turns) return;
  course.is_wandering = goes_nowhere;
  course.turns = 0;
}

/// Empty where the snapshot before is of the same epoch or of a later one.
std::optional<double> speed_of(const MotionCourse& course) {
  const Motion& now = course.latest.back();
  if (!now.moved[0] || course.latest.size() < 2) return std::nullopt;
  const Motion& before = course.latest[course.latest.size() - 2];
  const double epochs = static_cast<double>(now.epoch) - static_cast<double>(before.epoch);
  return epochs > 0 ? std::optional(*now.moved[0] / epochs) : std::nullopt;
}

}  // namespace

void remember(MotionCourse& course, const Motion& motion) {
  course.latest.push_back(motion);
  while (course.latest.size() > snapshots_of_motion) course.latest.erase(course.latest.begin());
}

VerdictRow judge_motion(MotionCourse& course, double network_slowing,
                        const VerdictOptions& options) {
  const Motion& now = course.latest.back();
  VerdictRow row;
  row.verdict = "undecided";
  row.moved = now.moved;
  row.snapshots = course.latest.size();
  row.speed = speed_of(course);
  const std::optional<double> step = now.moved[0];
  if (!step) {
    if (now.snapshot > 0) {
      row.message =
          "no distance to the snapshot before: it is not there, or the probe is too small";
    }
    forget(course);
    return row;
  }
  if (*step >= like_unrelated) {
    row.message = "as far from the snapshot before as unrelated data: the probe may be too small";
    forget(course);
    return row;
  }
  const auto forecast = forecast_of(course.latest, network_slowing);
  if (now.snapshot < options.first_verdict || !forecast) {
    forget(course);
    if (*step > options.tolerance) row.verdict = "moving";
    return row;
  }
  row.exponent = forecast->exponent;
  row.remaining = forecast->remaining();
  row.remaining_low = *row.remaining * low_share;
  row.remaining_high = std::min(1.0, *row.remaining * high_share);
  wander(course, forecast->exponent, network_slowing);
  settle(course, *step, *row.remaining, now.epoch, options.tolerance);
  row.since_epoch = course.settled_since;
  row.verdict = course.settled_since ? "settled" : course.is_wandering ? "wandering" : "moving";
  return row;
}

}  // namespace livecca
