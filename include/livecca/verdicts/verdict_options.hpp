#pragma once

#include <cstddef>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Says when a layer counts as moving, dead or exploding. See docs/verdicts.md.
struct VerdictOptions {
  /// A slope is fitted through this many of the latest snapshots of a stream; at least 3.
  std::size_t snapshots = 5;
  /// A layer is moving only if its value changes by more than this over those snapshots, in the
  /// measure's unit. The same limit holds for two other differences that a verdict rests on: how
  /// far a value is from its noise floor, and how much better the match with another layer is than
  /// with the layer of the same name (as scores of at most 1).
  double least_change = 0.005;
  /// A layer is dead if at least this share of its neurons does not vary; in (0, 1].
  double dead_share = 0.5;
  /// Activations explode if their root mean square is more than this many times the first one;
  /// above 1.
  double exploding_growth = 100;
  /// Activations also explode if more than this share of the samples is non-finite; in [0, 1].
  double nonfinite_share = 0.01;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

}  // namespace livecca
