#pragma once

#include <cstddef>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// When a layer counts as moving, dead or exploding; see docs/verdicts.md.
struct VerdictOptions {
  /// Snapshots of a stream that a slope is fitted through, at least 3: the latest.
  std::size_t snapshots = 5;
  /// A smaller change over those snapshots is none, whatever its error; in the measure's unit, as
  /// is by how much a better match of another layer must be better (of a score up to 1).
  double least_change = 0.005;
  /// The share of a layer's neurons, (0, 1], from which on it is dead if they are.
  double dead_share = 0.5;
  /// Activations are exploding at more than so many times their first root mean square; above 1.
  double exploding_growth = 100;
  /// They are, too, if more than this share of the samples, [0, 1], was not finite.
  double nonfinite_share = 0.01;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

}  // namespace livecca
