#pragma once

#include <optional>
#include <string>
#include <vector>

#include "livecca/measures/measure.hpp"

namespace livecca::tool {

/// A result's number and its floor, in one direction.
struct DirectedValue {
  std::optional<double> value;
  std::optional<double> floor;
};

DirectedValue value_in(Direction direction, const MeasureResult& result);

/// What a row of a table of layers shows: the similarity, or the distance where it is all there is.
DirectedValue value_in_row(const MeasureResult& result);

/// Whether independent data of this size would score as well, but for 1 of 100 cases. `of` so many
/// independent scores, of which this is the best. Without a p-value: whether it is no better than
/// its floor.
bool is_chance(const MeasureResult& result, std::size_t of = 1);

/// Few enough for a row a layer, in the registry's order.
std::vector<const MeasureInfo*> measures_of_rows();

/// What a matrix shows if nothing was asked for.
const MeasureInfo& measure_of_matrices();

}  // namespace livecca::tool
