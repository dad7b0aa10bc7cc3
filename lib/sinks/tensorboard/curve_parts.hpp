#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "sinks/conditions.hpp"

namespace livecca {

/// TensorBoard joins all points of a run on a card by a line, and smooths over them. So a curve
/// whose numbers are not alike (see conditions.hpp) goes on as another run: another line on the
/// same card. Numbers that are alike share a part: two sizes of windows that take turns make two
/// parts, however often they do.
class CurveParts {
 public:
  /// What the name of a number's run ends with: nothing in its curve's first part, then "~~2", …
  std::string ending_of(const std::string& name, const MeasureRow& row);

 private:
  struct Curve {
    std::vector<Conditions> parts;  ///< of the first number of each
    std::size_t last = 0;           ///< the part of the number before
  };

  std::map<std::string, Curve> curves_;  // by name
};

}  // namespace livecca
