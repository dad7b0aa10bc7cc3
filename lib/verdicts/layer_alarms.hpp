#pragma once

#include <optional>
#include <span>
#include <vector>

#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"

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
/// too, where no layer has the same name or that one has no value.
std::optional<VerdictRow> match_alarm(std::span<const LayerMatch> matches,
                                      const VerdictOptions& options);

/// "dead": of a layer with more than 3 effective samples, if at least dead_share of its neurons do
/// not vary.
std::optional<VerdictRow> dead_alarm(const LayerRow& layer, const VerdictOptions& options);

/// "exploding": if the activations are more than exploding_growth times the first ones, where those
/// are known, or more than nonfinite_share of the samples was left out.
std::optional<VerdictRow> exploding_alarm(const LayerRow& layer,
                                          std::optional<double> first_root_mean_square,
                                          const VerdictOptions& options);

}  // namespace livecca
