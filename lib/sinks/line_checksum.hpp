#pragma once

#include <string>
#include <string_view>

namespace livecca {

// A line of rows.jsonl ends with the checksum of all that comes before it:
// {…,"checksum":"crc32c:01234567"}. A digit that a disk changed would otherwise be read as another
// number.

/// The line with its checksum. `line` is the text of a JSON object with at least one field.
std::string with_checksum(std::string line);

/// Whether the line ends with a checksum, right or wrong.
bool has_checksum(std::string_view line);

/// Whether the line ends with a wrong checksum. False for a line without one: older versions wrote
/// none.
bool is_damaged(std::string_view line);

}  // namespace livecca
