#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "livecca/sinks/row.hpp"

namespace livecca {

/// What own motion is measured by, whatever the run's measures are.
inline constexpr const char* motion_measure = "pwcca_distance";

/// How far a layer is from where it was, at one snapshot of the probe.
struct Motion {
  std::uint64_t snapshot = 0;  ///< of the probe, from 0
  std::int64_t epoch = 0;
  /// The PWCCA distances to the snapshots motion_lags before, divided by what unrelated data would
  /// have, at most 1; empty where there is none.
  std::array<std::optional<double>, motion_lags.size()> moved{};
  /// Whether the distance to the snapshot before is told from that of unrelated data. Only the
  /// latest one is asked, so it is not kept.
  bool is_told = false;
};

/// How many of the latest snapshots a forecast looks at.
inline constexpr std::size_t snapshots_of_motion = 5;

/// By which factor the distance to the snapshot before changes from one snapshot to the next, as a
/// logarithm, over the latest 4: below 0 where the layer slows down. Empty if the motions do not
/// tell.
std::optional<double> slowing(std::span<const Motion> latest);

/// The way of a layer that slows by λ, as it fits the distances of one snapshot: its displacement
/// over k snapshots back is A · ((e^{λk} − 1) / λ)^h.
struct MotionPath {
  double exponent = 0;   ///< h
  double lambda = 0;     ///< λ
  double log_scale = 0;  ///< log A
  double squares = 0;    ///< of what does not fit, in logarithms
};

/// Where a layer ends if it goes on as it does.
struct Forecast {
  /// The distance to where it ends, if it slows on as it does, over twice as many snapshots as
  /// there were so far, at least 4.
  double by_its_path = 0;
  /// The same, from how much layers of trained networks usually had before them when they had moved
  /// as far in 4 snapshots, and when they and their network slowed down as these do.
  double by_experience = 0;
  MotionPath path;
  double step = 0;   ///< the distance to the snapshot before
  double decay = 0;  ///< by how much the logarithms of distances fall a snapshot

  /// What the verdict rests on: the larger one.
  double remaining() const;
  /// After how many snapshots the remaining distance and a step are within the tolerance, if the
  /// layer goes on as it does. Empty if it does not slow down.
  std::optional<double> snapshots_until(double tolerance) const;
};

/// `network_slowing` is the median of all layers' slowing(). Empty before there are 4 snapshots to
/// look back. Expects the motions in ascending order, the latest last.
std::optional<Forecast> forecast_of(std::span<const Motion> latest, double network_slowing);

}  // namespace livecca
