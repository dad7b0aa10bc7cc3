#pragma once

#include <optional>
#include <span>
#include <vector>

#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"
#include "verdicts/layer_course.hpp"

namespace livecca {

/// A layer against one of a reference's layers: the row, and the halves of its value if there are.
struct LayerMatch {
  const MeasureRow* row = nullptr;
  std::span<const HalfValue> halves;
};

/// "best_match_elsewhere" of a layer against all layers of one reference, all rows of one measure
/// and snapshot: if another layer matches better than the one of the same name. Compared are
/// (similarity − floor) / (1 − floor) where all of them have a floor, as layers of unequal width
/// score unequally by chance alone, else the values. Better means by more than least_change and by
/// more than 2 standard errors of the difference, as far as they are known: by the jackknife over
/// both rows' halves, which come from the same inputs, or of both errors as if they did not. Empty,
/// too, where no layer has the same name or that one has no value, and where the best match may be
/// the best of as many unrelated layers: its p-value times their number is 0.001 or more, or, if it
/// has none, it is no nearer than its floor.
std::optional<VerdictRow> match_alarm(std::span<const LayerMatch> matches,
                                      const VerdictOptions& options);

// The others are of a layer alone, while they last. The course has taken in the row, and the loss.

/// "dead", in one of three cases, of a layer with more than 3 effective samples:
/// - None of its neurons varies.
/// - Once more neurons varied, and dead_share of those no longer does.
/// - At its first snapshot, dead_share of all its neurons do not vary. This is told there only,
///   because a layer may be made so: inputs may have constant features.
std::optional<VerdictRow> dead_alarm(const LayerRow& layer, const DeadCourse& course,
                                     const VerdictOptions& options);

/// "collapsing": if the effective rank is at most half of what it was when the loss was lowest, at
/// 2 snapshots in a row or more. The loss must have fallen by a tenth before. Nothing is told
/// without a loss.
std::optional<VerdictRow> collapsing_alarm(const LayerRow& layer, const RankCourse& course);

/// "exploding": if the activations have grown, faster and faster, to exploding_growth times the
/// highest before, and the loss has not reached a new lowest; if their root mean square is above
/// 1e18, or above 6,550 in float16; or if more than nonfinite_share of the samples was left out.
///
/// Growth counts as long as it does not slow down, see GrowthCourse. It lasts until the root mean
/// square is below exploding_growth times that level again, or the loss is the lowest so far. A
/// root mean square that is no longer finite does not end it. In one snapshot alone it has to be
/// exploding_growth², and exploding_growth⁴ if the loss is not known or had not fallen by a tenth
/// when the growth began.
std::optional<VerdictRow> exploding_alarm(const LayerRow& layer, const GrowthCourse& course,
                                          const VerdictOptions& options);

}  // namespace livecca
