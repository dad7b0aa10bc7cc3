#pragma once

#include <string>

#include "runs/run_rows.hpp"

namespace livecca::tool {

/// Which measures say opposite things of a layer and the same reference, in one line: "to seed7:
/// pwcca_distance comes nearer, linear_cka_similarity goes away". A measure comes nearer or goes
/// away if it changed by more than 0.05 over its last five numbers. Empty if no measures disagree.
std::string disagreement_on(const RunRows& rows, const std::string& layer);

}  // namespace livecca::tool
