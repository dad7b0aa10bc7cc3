#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "livecca/activations/layout.hpp"
#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"

namespace livecca {

/// What becomes a sample.
enum class Samples : std::uint8_t {
  positions,  ///< every position (step) of an image (sequence), or a seeded choice of them
  pooled,     ///< an image: the mean over its positions, of a sequence over its valid steps
  flattened,  ///< an image: all its values, as channels × positions in (c, d, h, w) order
  last,       ///< a sequence: its last valid step
  step,       ///< a sequence: its step of a given number
};

/// "positions", "pooled", "flattened", "last" or "step"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Samples samples);

/// How a tap's axes become rows: its layout, and what is a sample. A bare Layout is a reading of
/// positions.
///
/// Readings other than positions give one row an image, on a grid of 1 × 1, so that taps of unequal
/// spatial extents pair. The columns of a flattened reading are in the same order whatever the
/// layout: NCHW and NHWC of the same activations give the same rows.
struct Reading {
  Layout layout = Layout::nc;
  Samples samples = Samples::positions;
  std::size_t step = 0;  ///< of Samples::step, counted from 0

  Reading(Layout the_layout)  // NOLINT(google-explicit-constructor): a layout is a reading
      : layout(the_layout) {}
  Reading(Layout the_layout, Samples the_samples, std::size_t the_step = 0)
      : layout(the_layout), samples(the_samples), step(the_step) {}

  static Reading pooled(Layout layout) { return {layout, Samples::pooled}; }
  static Reading flattened(Layout layout) { return {layout, Samples::flattened}; }
  static Reading last_step(Layout layout) { return {layout, Samples::last}; }
  static Reading at_step(Layout layout, std::size_t step) { return {layout, Samples::step, step}; }

  /// Fails if the layout lacks what the reading asks for.
  LIVECCA_EXPORT Result<void> check() const;
  bool one_row_per_image() const { return samples != Samples::positions; }
  /// Whether the grid may differ from batch to batch: that of sequences, unless they are flattened.
  bool grid_may_vary() const { return is_sequence(layout) && samples != Samples::flattened; }

  /// Columns that so many channels over a grid give.
  std::size_t features(std::size_t channels, const Grid& grid) const {
    return samples == Samples::flattened ? channels * grid.size() : channels;
  }
  /// The grid that rows of such views have at all times: 1 × 1 where it may vary.
  Grid grid_of_rows(const Grid& grid) const {
    return one_row_per_image() || grid_may_vary() ? Grid{} : grid;
  }
  /// "nchw", "nchw pooled", "ntc step 3", …
  LIVECCA_EXPORT std::string text() const;

  friend bool operator==(const Reading&, const Reading&) = default;
};

/// How many rows one image gives, at most where a mask leaves steps out.
LIVECCA_EXPORT std::size_t rows_per_image(const Reading& reading, const Positions& positions,
                                          Grid grid);

}  // namespace livecca
