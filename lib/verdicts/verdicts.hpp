#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"
#include "verdicts/layer_alarms.hpp"
#include "verdicts/verdict_memory.hpp"

namespace livecca {

/// What a snapshot of one stream found. Borrowed until add() returns.
struct SnapshotVerdictInput {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string network;                  ///< the trained one: only its layers are dead or exploding
  std::string measure;                  ///< that is judged, with its direction: "pwcca_distance"
  std::span<const MeasureRow> numbers;  ///< those of other measures or streams are passed over
  /// Empty, or parallel to the numbers: the halves of each, empty for one without. In either
  /// direction.
  std::span<const std::vector<HalfValue>> halves;
  std::span<const LayerRow> layers;
};

/// Says in a word what each layer is doing, from the latest snapshots of each stream.
///
/// Of each curve (a layer of a stream against the layer of the same name of a reference, or the
/// only one it is compared with; references that stay as they are: networks and "start") the slope
/// over the last options.snapshots snapshots of the stream, see Slope: "moving" if it is more than
/// 2 errors from 0 and the change along the line more than least_change; else "settled" since the
/// first snapshot of the window in which it became so. "undecided" if fewer than 3 of them have a
/// value, or none is nearer than its noise floor by more than least_change and 2 standard errors:
/// the numbers are then noise, and that noise does not move says nothing of the layer.
///
/// And alarms while they last, one row each: see layer_alarms.hpp.
///
/// Memory: O(curves · options.snapshots). Cost of a snapshot: O(numbers · log curves). Thread
/// safety: none; calls must not overlap.
class Verdicts {
 public:
  /// Throws Error on invalid options.
  explicit Verdicts(VerdictOptions options);

  /// Takes in the next snapshot of its stream, and returns the verdicts on it: curves and matches
  /// in the order of the numbers, then the layers. Throws Error if halves are not parallel to the
  /// numbers.
  std::vector<VerdictRow> add(const SnapshotVerdictInput& snapshot);

  /// All that add() remembers, as one line of JSON: see to_json(VerdictMemory).
  std::string state() const { return to_json(memory_); }
  /// Goes on from a state(). Fails, without a change, if it is none.
  Result<void> restore(const std::string& state);

 private:
  /// All numbers of a layer against one reference.
  using Matches = std::vector<LayerMatch>;

  std::vector<Matches> matches_in(const SnapshotVerdictInput& snapshot) const;
  VerdictRow judge_curve(const LayerMatch& match, std::uint64_t snapshot);
  void judge_layer(const LayerRow& layer, std::vector<VerdictRow>& rows);

  VerdictOptions options_;
  VerdictMemory memory_;
};

}  // namespace livecca
