#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "compare/comparison.hpp"
#include "compare/matched_layers.hpp"

namespace livecca::tool {

/// The comparison as one JSON object. A value that does not exist is null; NaN is never written.
nlohmann::ordered_json to_json(const Comparison& comparison, const LeftOut& left_out = {});

/// The two ranks; null where nothing that was solved for needs them.
nlohmann::ordered_json ranks_json(const PairFacts& facts);

/// Adds layers that not every input has, by input, as "unmatched", and why others cannot be
/// compared, by layer, as "left_out"; nothing if there are none. Several reasons of one layer are
/// joined by "; ".
void add_left_out(const LeftOut& left_out, nlohmann::ordered_json& json);

/// An object as one line, whatever bytes its names hold.
std::string json_line(const nlohmann::ordered_json& json);

/// The comparison for people: plain ASCII, ends with a line break.
std::string to_table(const Comparison& comparison);

}  // namespace livecca::tool
