#pragma once

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <livecca/measures/status.hpp>

namespace live_training {

/// A fixed number of decimals.
std::string decimals(double value, int digits);

/// A share as "61.2 %".
std::string percent(double share);

/// Rows of cells, printed in aligned columns: the first to the left, the others to the right.
/// Counts characters, not bytes.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);

  void add(std::vector<std::string> cells);
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Turns values into cells, marks those whose status is not ok, and remembers what the marks mean.
class MarkedCells {
 public:
  /// "0.312", "0.312 r", or "–" and a mark where there is no value; "0.912~" for a number that says
  /// no more than chance.
  std::string cell(std::optional<double> value, livecca::Status status,
                   bool is_like_unrelated = false);
  /// For a number that the run does not have.
  std::string absent() const { return "–  "; }
  void print_legend(std::ostream& out) const;

 private:
  std::map<char, livecca::Status> used_;
  bool has_like_unrelated_ = false;
};

}  // namespace live_training
