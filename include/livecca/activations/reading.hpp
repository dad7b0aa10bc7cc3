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
  positions,  ///< each position of an image or step of a sequence, or a seeded choice
  pooled,     ///< an image: the mean over its positions; a sequence: over its valid steps
  flattened,  ///< an image: all its values in the order (c, d, h, w)
  last,       ///< a sequence: its last valid step
  step,       ///< a sequence: the step with a given number
};

/// "positions", "pooled", "flattened", "last" or "step"; nullptr past the last one.
LIVECCA_EXPORT const char* name_of(Samples samples);

/// Says how a tap's activations become rows: the layout, and what is a sample. A Layout alone is a
/// reading of positions.
///
/// All readings except positions give one row per image, on a grid of 1 × 1. So taps of different
/// spatial extents can be paired. The columns of a flattened reading have the same order for every
/// layout: NCHW and NHWC of the same activations give the same rows.
struct Reading {
  Layout layout = Layout::nc;
  Samples samples = Samples::positions;
  std::size_t step = 0;  ///< for Samples::step, counted from 0

  Reading(Layout the_layout)  // NOLINT(google-explicit-constructor): a layout is a reading
      : layout(the_layout) {}
  Reading(Layout the_layout, Samples the_samples, std::size_t the_step = 0)
      : layout(the_layout), samples(the_samples), step(the_step) {}

  static Reading pooled(Layout layout) { return {layout, Samples::pooled}; }
  static Reading flattened(Layout layout) { return {layout, Samples::flattened}; }
  static Reading last_step(Layout layout) { return {layout, Samples::last}; }
  static Reading at_step(Layout layout, std::size_t step) { return {layout, Samples::step, step}; }

  /// Fails if the layout does not have the axes that the reading needs.
  LIVECCA_EXPORT Result<void> check() const;
  bool one_row_per_image() const { return samples != Samples::positions; }
  /// Whether the grid may differ from batch to batch. True for sequences that are not flattened.
  bool grid_may_vary() const { return is_sequence(layout) && samples != Samples::flattened; }

  /// The number of columns from this many channels over a grid.
  std::size_t features(std::size_t channels, const Grid& grid) const {
    return samples == Samples::flattened ? channels * grid.size() : channels;
  }
  /// The grid of the rows. 1 × 1 if an image gives one row, or if the grid may differ from batch to
  /// batch.
  Grid grid_of_rows(const Grid& grid) const {
    return one_row_per_image() || grid_may_vary() ? Grid{} : grid;
  }
  /// "nchw", "nchw pooled", "ntc step 3", …
  LIVECCA_EXPORT std::string text() const;

  friend bool operator==(const Reading&, const Reading&) = default;
};

/// The number of rows that one image gives. With a mask, a sequence may give fewer.
LIVECCA_EXPORT std::size_t rows_per_image(const Reading& reading, const Positions& positions,
                                          Grid grid);

}  // namespace livecca
