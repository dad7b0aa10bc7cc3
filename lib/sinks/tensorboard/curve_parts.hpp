#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "livecca/sinks/row.hpp"
#include "sinks/conditions.hpp"

namespace livecca {

/// TensorBoard joins all points of a tag by a line, and smooths over them. So a curve whose numbers
/// are not alike (see conditions.hpp) is written in parts with tags of their own. Numbers that are
/// alike share a part: two sizes of windows that take turns make two parts, however often they do.
class CurveParts {
 public:
  /// What a number's tag, `tag`, ends with: nothing in its curve's first part, then "~~2", "~~3", …
  std::string ending_of(const std::string& tag, const MeasureRow& row);

 private:
  struct Curve {
    std::vector<Conditions> parts;  ///< of the first number of each
    std::size_t last = 0;           ///< the part of the number before
  };

  std::map<std::string, Curve> curves_;  // by tag
};

}  // namespace livecca
