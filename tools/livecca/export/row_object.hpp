#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace livecca::tool {

/// A line of rows.jsonl as an object with a `kind`; nothing if it is not JSON or of another schema.
/// For tables of fields as they stand in the file; otherwise see row_from_json().
std::optional<nlohmann::json> parse_row(std::string_view line);

/// "rows.jsonl: 2 lines were left out, they are no rows of schema 1; the first is line 17"; empty
/// if there is none.
std::string foreign_lines_text(std::uint64_t count, std::uint64_t first);

}  // namespace livecca::tool
