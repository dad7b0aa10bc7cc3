#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace livecca::tool {

/// The version of rows.jsonl that this program reads.
constexpr int rows_schema = 1;

/// A line of rows.jsonl as an object with a `kind`; nothing if it is not JSON or of another schema.
std::optional<nlohmann::json> parse_row(std::string_view line);

/// "rows.jsonl: 2 lines are no rows of schema 1, the first is line 17"; empty if there is none.
std::string foreign_lines_text(std::uint64_t count, std::uint64_t first);

// Fields of a row. One that is not there, as older versions had fewer, reads as empty or 0; one of
// another type throws nlohmann::json::exception.

std::string text_field(const nlohmann::json& row, const char* name);
std::optional<double> number_field(const nlohmann::json& row, const char* name);
std::uint64_t count_field(const nlohmann::json& row, const char* name);
std::int64_t epoch_field(const nlohmann::json& row, const char* name = "epoch");

}  // namespace livecca::tool
