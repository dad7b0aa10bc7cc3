#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "export/row_columns.hpp"

namespace livecca::tool {

/// A field as RFC 4180 has it: in quotes if it holds a comma, a quote or a line break.
std::string csv_field(const std::string& text);

/// The columns' names.
std::string csv_header(const std::vector<RowColumn>& columns);

/// A row's lines: one, or one an element of what has a line an element; at least one, as a pair
/// without a spectrum has a status.
std::string csv_lines(const nlohmann::json& row, const std::vector<RowColumn>& columns);

}  // namespace livecca::tool
