#pragma once

#include <string>

#include "livecca/sinks/rows_reader.hpp"

namespace livecca::tool {

/// "rows.jsonl: 2 lines were left out; the first is line 17: expected …, got …"; empty if there is
/// none.
std::string foreign_lines_text(const ForeignLines& lines);

}  // namespace livecca::tool
