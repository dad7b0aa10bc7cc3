#pragma once

#include <ostream>

#include "compare/compare_options.hpp"

namespace livecca::tool {

/// Compares every layer of one input with every layer of another by one measure, the first that was
/// asked for, and prints the matrix. All layers go through one panel: every file is read once, and
/// every layer whitened once. Memory: O(features²) of all layers and pairs. Throws InputError.
void compare_all_layers(const CompareOptions& options, bool json, std::ostream& out);

}  // namespace livecca::tool
