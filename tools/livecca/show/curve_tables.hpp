#pragma once

#include <string>
#include <vector>

#include "runs/pair_curves.hpp"

namespace livecca::tool {

/// A table a group, of layers that have several of the reference's a matrix too, and what the
/// columns mean.
std::string curve_tables(const RunRows& rows, const std::vector<CurveGroup>& groups,
                         const Canvas& canvas);

}  // namespace livecca::tool
