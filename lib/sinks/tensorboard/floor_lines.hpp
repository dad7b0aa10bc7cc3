#pragma once

#include <map>
#include <string>
#include <utility>

#include "livecca/measures/direction.hpp"

namespace livecca {

/// The score of unrelated data as one line on each card: of all layers' floors the one that says
/// least, so that what is on the good side of it is there by its own floor, too. Layers' own floors
/// have cards of their own.
class FloorLines {
 public:
  /// A layer's floor at a snapshot. `ending` is that of the layer's run: see CurveParts.
  void add(const std::string& tag, const std::string& ending, Direction direction, double floor);
  /// By the name of the run, and the tag.
  const std::map<std::pair<std::string, std::string>, double>& lines() const { return lines_; }

 private:
  std::map<std::pair<std::string, std::string>, double> lines_;
};

}  // namespace livecca
