#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "livecca/measures/standard_error.hpp"

namespace livecca {

/// Two points lie on a line whatever they are.
constexpr std::size_t fewest_slope_points = 3;

/// A layer's value against a reference at one snapshot.
struct CurvePoint {
  std::uint64_t snapshot = 0;  ///< of the stream, counted from 0; those without a value are gaps
  std::int64_t epoch = 0;
  double value = 0;
  std::optional<double> noise_floor;
  std::optional<double> standard_error;
  std::vector<HalfValue> halves;  ///< see JackknifeValues; empty without
};

/// A line through a curve.
struct Slope {
  double per_snapshot = 0;
  double change = 0;  ///< from the first point's snapshot to the last one's, along the line
  /// What the slope would vary by with other inputs, by the jackknife over the halves' own slopes:
  /// what all snapshots' errors have in common cancels. Empty where not all points have halves, and
  /// as many.
  std::optional<double> jackknife_error;
  /// What it would vary by with other scatter about the line: of training's own ups and downs, and
  /// of inputs that were drawn anew. At least what rounding of the values makes, as three points
  /// may lie on a line by chance. A bend of the curve counts as scatter.
  double residual_error = 0;

  /// The larger one: neither knows of the other's cause.
  double error() const;
  bool is_jackknife() const { return jackknife_error && *jackknife_error >= residual_error; }
};

/// Least squares over the snapshots' numbers; empty with fewer than 3 points. Cost: O(points ·
/// halves).
std::optional<Slope> fit_slope(std::span<const CurvePoint> points);

}  // namespace livecca
