#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "comparison.hpp"

namespace livecca::tool {

/// The comparison as one JSON object. A value that does not exist is null; NaN is never written.
nlohmann::ordered_json to_json(const Comparison& comparison);

/// The comparison for people: plain ASCII, ends with a line break.
std::string to_table(const Comparison& comparison);

}  // namespace livecca::tool
