#include "export/csv_rows.hpp"

#include <algorithm>

namespace livecca::tool {
namespace {

using Json = nlohmann::json;

/// null is an empty field; numbers stand as in the row.
std::string value_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_field(value.get<std::string>());
  return csv_field(value.dump());
}

/// What a row has in a column; `element` is the line's, of fields with a line an element.
std::string cell(const Json& row, const RowColumn& column, std::size_t element, bool has_elements) {
  if (column.place == RowColumn::index) return has_elements ? std::to_string(element) : "";
  const auto field = row.find(column.field);
  if (field == row.end()) return "";
  if (column.place == RowColumn::whole) return value_text(*field);
  const std::size_t place = column.place == RowColumn::each ? element : column.place;
  return field->is_array() && place < field->size() ? value_text((*field)[place]) : "";
}

std::size_t elements_of(const Json& row, const std::vector<RowColumn>& columns) {
  std::size_t elements = 0;
  for (const RowColumn& column : columns) {
    if (column.place != RowColumn::each || !row.contains(column.field)) continue;
    elements = std::max(elements, row[column.field].size());
  }
  return elements;
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string csv_lines(const Json& row, const std::vector<RowColumn>& columns) {
  const std::size_t elements = elements_of(row, columns);
  std::string text;
  for (std::size_t element = 0; element < std::max<std::size_t>(1, elements); ++element) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += (i == 0 ? "" : ",") + cell(row, columns[i], element, elements > 0);
    }
    text += "\n";
  }
  return text;
}

std::string csv_header(const std::vector<RowColumn>& columns) {
  std::string text;
  for (const RowColumn& column : columns) text += (text.empty() ? "" : ",") + column.name;
  return text + "\n";
}

}  // namespace livecca::tool
