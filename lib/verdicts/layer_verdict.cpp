#include "verdicts/layer_verdict.hpp"

#include <algorithm>

namespace livecca {
namespace {

/// A layer that is settled keeps the word until the forecast is this many tolerances away, at three
/// snapshots in a row: forecasts scatter by a factor of two.
constexpr double clearly_not = 4;
constexpr std::uint64_t most_doubts = 3;
/// 10 % of the layers ended nearer than this share of the forecast, and 10 % farther away, on the
/// networks that the rule was made on: a forecast has to be careful, so it is mostly too large.
constexpr double low_share = 0.15;
constexpr double high_share = 2.5;
/// Unrelated data have 1. As far as this a layer may be only because the probe is small, unless its
/// distance is told from theirs.
constexpr double like_unrelated = 0.9;
/// Below this exponent a layer goes nowhere in particular: a random walk has 1, a straight way 2.
constexpr double wandering_exponent = 0.75;
/// Nor does it slow down by more than this a snapshot.
constexpr double slows_down = -0.15;
/// When the learning rate jumps up, a layer that was settled has to move by no more than this share
/// of the tolerance to stay so: what it did before says little.
constexpr double kept_after_a_rise = 0.2;
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

/// How many epochs the snapshot before was before; empty if it is of the same epoch or a later one.
std::optional<double> epochs_apart(const MotionCourse& course) {
  if (course.latest.size() < 2) return std::nullopt;
  const Motion& before = course.latest[course.latest.size() - 2];
  const double epochs =
      static_cast<double>(course.latest.back().epoch) - static_cast<double>(before.epoch);
  return epochs > 0 ? std::optional(epochs) : std::nullopt;
}

/// Says when the layer is expected to settle, if the run's expectations have come true.
void expect(MotionCourse& course, const Forecast& forecast, const SettlingRecord& record,
            double tolerance, VerdictRow& row) {
  const auto ahead = forecast.snapshots_until(tolerance);
  if (!ahead) return;
  const std::uint64_t snapshot = course.latest.back().snapshot;
  const auto expected = expect_settling(course.expected, snapshot, *ahead);
  const auto apart = epochs_apart(course);
  if (expected && apart && record.is_trusted()) {
    tell_settling(*expected, snapshot, *ahead, *apart, row);
  }
}

}  // namespace

void remember(MotionCourse& course, const Motion& motion) {
  course.latest.push_back(motion);
  while (course.latest.size() > snapshots_of_motion) course.latest.erase(course.latest.begin());
}

VerdictRow judge_motion(MotionCourse& course, NetworkCourse& network,
                        const VerdictOptions& options) {
  const Motion& now = course.latest.back();
  VerdictRow row;
  row.epoch = now.epoch;
  row.verdict = "undecided";
  row.moved = now.moved;
  row.snapshots = course.latest.size();
  const std::optional<double> step = now.moved[0];
  if (const auto apart = epochs_apart(course); apart && step) row.speed = *step / *apart;
  if (!step) {
    if (now.snapshot > 0) {
      row.message =
          "no distance to the snapshot before: the snapshot is missing, the layer does not vary, "
          "another width or mode was there then, or the probe is too small";
    }
    forget(course);
    return row;
  }
  if (*step >= like_unrelated) {
    if (now.is_told) {
      row.verdict = "moving";
    } else {
      row.message = "as far from the snapshot before as unrelated data: the probe may be too small";
    }
    forget(course);
    return row;
  }
  const auto forecast = forecast_of(course.latest, network.slowing);
  if (now.snapshot < options.first_verdict || !forecast) {
    forget(course);
    if (*step > options.tolerance) row.verdict = "moving";
    return row;
  }
  row.exponent = forecast->path.exponent;
  row.remaining = forecast->remaining();
  row.remaining_low = *row.remaining * low_share;
  row.remaining_high = std::min(1.0, *row.remaining * high_share);
  wander(course, forecast->path.exponent, network.slowing);
  if (network.rate_rose && *step > kept_after_a_rise * options.tolerance) {
    forget(course);
  } else {
    settle(course, *step, *row.remaining, now.epoch, options.tolerance);
  }
  row.since_epoch = course.settled_since;
  row.verdict = course.settled_since ? "settled" : course.is_wandering ? "wandering" : "moving";
  judge_expected(course.expected, now.snapshot, course.settled_since.has_value(),
                 network.settlings);
  if (!course.settled_since) expect(course, *forecast, network.settlings, options.tolerance, row);
  return row;
}

}  // namespace livecca
