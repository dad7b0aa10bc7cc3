#pragma once

#include <string>

#include "runs/pair_curves.hpp"

namespace livecca::tool {

/// Of a group that has several layers of the reference a layer, now: a bar a pair, and which of the
/// reference's layers are nearest.
std::string layer_matches_text(const CurveGroup& group, const Canvas& canvas);

}  // namespace livecca::tool
