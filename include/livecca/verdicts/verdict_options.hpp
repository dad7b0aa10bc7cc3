#pragma once

#include <cstddef>
#include <string>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// Says when a layer counts as settled, dead or exploding, and when it comes nearer to a reference.
/// See docs/verdicts.md.
struct VerdictOptions {
  /// Whether layers get verdicts from their own motion. This adds two comparisons of each layer to
  /// a snapshot, on livecca's threads, beside training: see docs/verdicts.md. Without it there are
  /// directions and alarms only.
  bool own_motion = true;
  /// A layer is settled if it is forecast to end within this PWCCA distance of where it is; in
  /// (0, 1). Unrelated data have 1.
  double tolerance = 0.05;
  /// No layer is settled before this snapshot of the probe, counted from 0; at least 4.
  std::size_t first_verdict = 6;
  /// A direction's slope is fitted through this many of the latest snapshots of a stream; at least
  /// 3.
  std::size_t snapshots = 5;
  /// A layer nears or leaves a reference only if its value changes by more than this over those
  /// snapshots, in the measure's unit. The same limit holds for two other differences: how far a
  /// value is from its noise floor, and how much better the match with another layer is than with
  /// the layer of the same name (as scores of at most 1).
  double least_change = 0.005;
  /// A layer is dead if at least this share of the neurons that varied no longer does; in (0, 1].
  double dead_share = 0.5;
  /// Activations explode if their root mean square grows to this many times the highest before,
  /// without slowing down; above 1. Where the loss is unknown or has not fallen yet, to the fourth
  /// power of it.
  double exploding_growth = 8;
  /// Activations also explode if more than this share of the samples is non-finite; in [0, 1].
  double nonfinite_share = 0.01;

  /// Fails if the options make no sense.
  LIVECCA_EXPORT Result<void> check() const;
};

}  // namespace livecca
