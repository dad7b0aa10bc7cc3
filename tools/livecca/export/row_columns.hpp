#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace livecca::tool {

/// A column of a table of rows.
struct RowColumn {
  std::string name;
  std::string field;
  int place = whole;  ///< of a field that is an array, the element

  static constexpr int whole = -1;
  static constexpr int each = -2;   ///< a line an element
  static constexpr int index = -3;  ///< the element's number, from 0
};

/// The kinds of rows that have a table, "measure" first.
std::span<const std::string_view> row_kinds();

/// In the order of docs/rows.md, behind the run's name and the time.
std::vector<RowColumn> columns_of(std::string_view kind);

}  // namespace livecca::tool
