#include "export/row_object.hpp"

#include "common/json_depth.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca::tool {

using Json = nlohmann::json;

std::optional<Json> parse_row(std::string_view line) {
  Json row = parse_json<Json>(line);
  if (!row.is_object()) return std::nullopt;
  const auto schema = row.find("schema");
  const auto kind = row.find("kind");
  if (schema == row.end() || kind == row.end() || !kind->is_string()) return std::nullopt;
  if (!schema->is_number_integer() || *schema != rows_schema) return std::nullopt;
  return row;
}

std::string foreign_lines_text(std::uint64_t count, std::uint64_t first) {
  if (count == 0) return "";
  const std::string schema = " rows of schema " + std::to_string(rows_schema);
  const std::string line = "line " + std::to_string(first);
  if (count == 1) return "rows.jsonl: " + line + " was left out, it is not one of the" + schema;
  return "rows.jsonl: " + std::to_string(count) + " lines were left out, they are not" + schema +
         "; the first is " + line;
}

}  // namespace livecca::tool
