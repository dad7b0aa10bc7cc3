#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// What a stream's snapshots know of the loss. Not finite is a loss too, one that does not fall.
struct LossCourse {
  std::optional<double> first;   ///< at the first snapshot that had a finite one
  std::optional<double> lowest;  ///< at any snapshot so far
  // Of the latest snapshot; not part of what is remembered.
  bool is_known = false;
  bool is_new_lowest = false;  ///< lower than at all snapshots before, and not the first
  bool had_fallen = false;     ///< what has_fallen() was at the snapshot before

  /// The next snapshot's loss; empty if none was logged since the snapshot before.
  void add(std::optional<double> loss);
  /// Whether the lowest is below the first by a tenth of it. Before that, layers are still on their
  /// way from random weights: activations may double with every snapshot, and effective ranks fall
  /// from 25 to 3, while the loss has not moved yet.
  bool has_fallen() const;
};

/// A layer's root mean square while it grows from snapshot to snapshot and the growth does not slow
/// down: each rise is by at least a quarter, and in logarithms at least 0.6 times the mean of the
/// rises before it. So a line or a curve that saturates begins anew all the time; an exponential
/// goes on, even with much noise.
struct GrowthCourse {
  std::optional<double> last;  ///< the latest root mean square above 0
  double highest = 0;          ///< so far
  std::size_t rises = 0;       ///< without slowing down, up to now
  double start = 0;            ///< where these began
  double level = 0;            ///< the highest when they began
  bool from_random = true;     ///< they began before the loss had fallen
  /// While the layer explodes: the level that it left.
  std::optional<double> exploded_from;

  void add(double root_mean_square, const LossCourse& loss, double exploding_growth);

 private:
  bool has_exploded(const LossCourse& loss, double exploding_growth) const;
};

/// The ranks that a level is the median of.
inline constexpr std::size_t most_recent_ranks = 5;

/// A layer's effective rank, against what it was when the loss was lowest.
struct RankCourse {
  std::vector<double>
      recent;  ///< of the latest snapshots that had a loss, at most most_recent_ranks
  /// The median of the recent ones at the snapshot with the lowest loss, once that has fallen.
  std::optional<double> level;
  std::size_t low = 0;  ///< snapshots in a row, up to now, at half the level or less

  void add(std::optional<double> effective_rank, const LossCourse& loss);
  bool is_collapsing() const;
};

/// How many of a layer's neurons do not vary.
struct DeadCourse {
  std::optional<std::size_t> fewest;  ///< at any snapshot so far
  bool is_first = false;              ///< of the latest snapshot; not part of what is remembered

  void add(std::size_t dead);
};

/// What alarms on a stream's layer need of its earlier snapshots.
struct LayerCourse {
  std::size_t features = 0;
  double samples = 0;  ///< effective ones, when the ranks' course began; 0: unknown
  GrowthCourse growth;
  RankCourse rank;
  DeadCourse dead;

  /// The next snapshot of the layer, and of the loss. A layer of another width begins anew, and its
  /// ranks do if they rest on another number of samples: with few of them a rank is lower.
  void add(const LayerRow& row, const LossCourse& loss, double exploding_growth);
};

/// With 3 samples or fewer every neuron may seem not to vary, and no rank says anything.
bool has_too_few_samples(const LayerRow& row);

}  // namespace livecca
