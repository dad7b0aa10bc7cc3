#pragma once

#include <optional>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"

namespace livecca::tool {

/// Which way a number goes: more alike or further apart.
enum class Direction { similarity, distance };

/// "similarity" or "distance".
const char* name_of(Direction direction);

/// What matrices show: the distance of a measure that has one, the similarity of any other.
Direction direction_of(const MeasureInfo& measure);

/// A result's number and its floor, in one direction.
struct DirectedValue {
  std::optional<double> value;
  std::optional<double> floor;
};

DirectedValue value_in(Direction direction, const MeasureResult& result);

/// What a row of a table of layers shows: the similarity, or the distance where it is all there is.
DirectedValue value_in_row(const MeasureResult& result);

/// The measure that takes a pair's sides the other way round; itself if it does not tell them
/// apart. In the registry such two are called alike up to a final "_x" or "_y" ("pwcca" and
/// "pwcca_y").
const MeasureInfo& from_other_side(const MeasureInfo& measure);

/// Few enough for a row a layer, in the registry's order.
std::vector<const MeasureInfo*> measures_of_rows();

/// What a matrix shows if nothing was asked for.
const MeasureInfo& measure_of_matrices();

}  // namespace livecca::tool
