#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace livecca::tool {

/// Where a curve is drawn: from one x to another, so many columns of pixels wide.
struct PixelColumns {
  double from = 0;
  double to = 0;
  std::size_t width = 1000;
  /// Columns are equal in the logarithm; `from` is above 0 then.
  bool is_logarithmic = false;
};

/// M4 (Jugel et al. 2014, "M4: a visualization-oriented time series data aggregation"): which
/// points of a curve are enough to draw it as if all were drawn. Of each column they are the first,
/// the last, the lowest and the highest, so nothing that is one snapshot long is lost. The first
/// gap (a NaN) of a column stays too. Of a column with four points or fewer all stay. So do the
/// last point before the columns and the first behind them, so that lines run to the edge.
///
/// `x` ascends and is as long as `y`. Returns indices in ascending order. Cost: linear.
std::vector<std::size_t> decimated(std::span<const double> x, std::span<const double> y,
                                   const PixelColumns& columns);

/// How many points lie from `from` to `to`.
std::size_t count_within(std::span<const double> x, const PixelColumns& columns);

}  // namespace livecca::tool
