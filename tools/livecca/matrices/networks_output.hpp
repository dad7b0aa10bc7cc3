#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "matrices/network_matrices.hpp"

namespace livecca::tool {

/// A mean of groups: {"mean", "standard_error", "pairs", "networks"}, and "pairs_missing" if any
/// are.
nlohmann::ordered_json mean_json(const GroupMean& mean);

/// One layer as one JSON object.
nlohmann::ordered_json to_json(const NetworkMatrices& layer, const Networks& networks);

/// Which number stands for which network; before the tables.
std::string heading_text(const Networks& networks);

/// One layer for people.
std::string to_table(const NetworkMatrices& layer, const Networks& networks);

/// After the tables: of several layers the means over groups once more, side by side, and what
/// holds for all of them.
std::string closing_text(std::span<const NetworkMatrices> layers, const Networks& networks);

}  // namespace livecca::tool
