#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "compare/comparison.hpp"
#include "compare/matched_layers.hpp"

namespace livecca::tool {

/// The comparison as one JSON object. A value that does not exist is null; NaN is never written.
/// `unmatched` are layers that were compared with nothing, in either input.
nlohmann::ordered_json to_json(const Comparison& comparison,
                               const std::vector<Unmatched>& unmatched = {});

/// The two ranks; null where nothing that was solved for needs them.
nlohmann::ordered_json ranks_json(const PairFacts& facts);

/// Layers that not every input has, by input.
nlohmann::ordered_json to_json(const std::vector<Unmatched>& unmatched);

/// An object as one line, whatever bytes its names hold.
std::string json_line(const nlohmann::ordered_json& json);

/// The comparison for people: plain ASCII, ends with a line break.
std::string to_table(const Comparison& comparison);

}  // namespace livecca::tool
