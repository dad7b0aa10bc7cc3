#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "livecca/sinks/row.hpp"

namespace livecca::tool {

// Texts of answers. Numbers are the shortest texts that read back as the same number.

using AnswerJson = nlohmann::ordered_json;

/// In one line. Bytes that are not UTF-8 are replaced.
std::string text_of(const AnswerJson& json);

/// null for what is not finite.
void append_number(std::string& text, double value);
void append_number(std::string& text, std::uint64_t value);
/// With its quotes.
void append_text(std::string& text, std::string_view value);

/// An optional number of any kind, or null.
template <typename Number>
AnswerJson or_null(const std::optional<Number>& value) {
  return value ? AnswerJson(*value) : AnswerJson(nullptr);
}

/// The row as rows.jsonl has it, without schema and checksum.
template <typename Row>
AnswerJson json_of_row(const Row& row) {
  AnswerJson json = AnswerJson::parse(to_json(row, "", 0));
  for (const char* field : {"schema", "run", "wall_time", "checksum"}) json.erase(field);
  return json;
}

}  // namespace livecca::tool
