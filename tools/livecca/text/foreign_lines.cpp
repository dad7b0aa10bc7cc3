#include "text/foreign_lines.hpp"

namespace livecca::tool {

std::string foreign_lines_text(const ForeignLines& lines) {
  if (lines.count == 0) return "";
  const std::string line = "line " + std::to_string(lines.first);
  if (lines.count == 1) return "rows.jsonl: " + line + " was left out: " + lines.why;
  return "rows.jsonl: " + std::to_string(lines.count) + " lines were left out; the first is " +
         line + ": " + lines.why;
}

}  // namespace livecca::tool
