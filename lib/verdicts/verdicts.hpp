#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "livecca/common/result.hpp"
#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/verdicts/verdict_options.hpp"
#include "verdicts/layer_alarms.hpp"
#include "verdicts/learning_rate.hpp"
#include "verdicts/verdict_memory.hpp"

namespace livecca {

/// How far a layer of the trained network is from itself at earlier snapshots: see Motion::moved.
struct LayerMotion {
  std::string layer;
  std::array<std::optional<double>, motion_lags.size()> moved{};
  /// Of the distance to the snapshot before: see MeasureResult.
  std::optional<double> p_value{};
  /// How many images would tell the distance to the snapshot before from that of unrelated data;
  /// empty if it is told.
  std::optional<double> samples_needed{};
};

/// What a snapshot of one stream found. Borrowed until add() returns.
struct SnapshotVerdictInput {
  std::int64_t epoch = 0;
  std::uint64_t step = 0;
  Stream stream = Stream::probe;
  std::string network;                  ///< the trained one: only its layers have alarms
  std::string measure;                  ///< that is judged, with its direction: "pwcca_distance"
  std::span<const MeasureRow> numbers;  ///< those of other measures or streams are passed over
  /// Empty, or parallel to the numbers: the halves of each, empty for one without. In either
  /// direction.
  std::span<const std::vector<HalfValue>> halves;
  std::span<const LayerRow> layers;
  std::span<const LayerMotion> motions{};  ///< of the probe, in the network's order
  /// The mean since the stream's snapshot before; empty if none was logged.
  std::optional<double> loss;
  std::optional<double> learning_rate{};  ///< as it was logged last; empty if it never was
};

/// What a snapshot of one stream is judged to be.
struct SnapshotVerdicts {
  std::vector<VerdictRow> verdicts;
  std::vector<DirectionRow> directions;
  /// What to tell of curves that begin anew, because their windows hold other samples or modes;
  /// empty if there is none. A change of width is not told here: it is an event of its own.
  std::string begun_anew;
};

/// Says in a word what each layer is doing.
///
/// One verdict a layer of the probe, from its own motion: see layer_verdict.hpp. And alarms while
/// they last, one row each: see layer_alarms.hpp.
///
/// Of each curve (a layer of a stream against the layer of the same name of a reference, or the
/// only one it is compared with; references that stay as they are: networks and "start") a
/// direction, from the slope over the last options.snapshots snapshots of the stream, see Slope:
/// "nearing" or "leaving" if it is more than 2 errors from 0 and the change along the line more
/// than least_change; else "keeping". "undecided" if fewer than 3 of them have a value, or none is
/// nearer than its noise floor by more than least_change and 2 standard errors: the numbers are
/// then noise, and that noise does not move says nothing of the layer.
///
/// Numbers that do not go on with one another (see conditions.hpp) are in no slope together: the
/// curve begins anew.
///
/// Memory: O(curves · options.snapshots), and O(1) for each layer of a stream: its own motion, and
/// what its alarms need. Cost of a snapshot: O(numbers · log curves). Thread safety: none; calls
/// must not overlap.
class Verdicts {
 public:
  /// Throws Error on invalid options.
  explicit Verdicts(VerdictOptions options);

  /// Takes in the next snapshot of its stream, and returns what is said of it: verdicts in the
  /// order of the motions, then alarms in the order of the numbers and layers; directions in the
  /// order of the numbers. Throws Error if halves are not parallel to the numbers.
  SnapshotVerdicts add(const SnapshotVerdictInput& snapshot);

  /// All that add() remembers, as one line of JSON: see to_json(VerdictMemory).
  std::string state() const { return to_json(memory_); }
  /// Goes on from a state(). Fails, without a change, if it is none.
  Result<void> restore(const std::string& state);

 private:
  /// All numbers of a layer against one reference.
  using Matches = std::vector<LayerMatch>;
  /// Curves of a snapshot that do not go on.
  struct NewCurves {
    std::size_t count = 0;
    std::string first;  ///< which, and why
  };

  std::vector<Matches> matches_in(const SnapshotVerdictInput& snapshot) const;
  DirectionRow judge_curve(const LayerMatch& match, std::uint64_t snapshot, NewCurves& anew);
  /// Whether it jumped since the probe's snapshot before.
  std::optional<RateJump> take_learning_rate(std::optional<double> rate);
  void judge_motions(const SnapshotVerdictInput& snapshot, std::uint64_t number,
                     std::vector<VerdictRow>& rows);
  void judge_layer(const LayerRow& layer, const LossCourse& loss, std::vector<VerdictRow>& rows);

  VerdictOptions options_;
  VerdictMemory memory_;
};

}  // namespace livecca
