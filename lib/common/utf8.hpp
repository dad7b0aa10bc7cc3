#pragma once

#include <string>
#include <string_view>

namespace livecca {

/// The text with U+FFFD for what is not UTF-8, exactly as rows.jsonl has it.
std::string valid_utf8(std::string_view text);

/// Whether it is UTF-8.
bool is_utf8(std::string_view text);

}  // namespace livecca
