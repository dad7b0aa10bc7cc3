#pragma once

#include <ostream>

#include "compare/compare_options.hpp"

namespace livecca::tool {

/// Compares every network with every other, layer by layer, and prints for each layer a matrix a
/// measure, and with groups the means within and between them. Each layer goes through a panel of
/// its own: every file is read once and every network whitened once. Memory: O(features²) of one
/// layer's networks and pairs. Throws InputError.
void compare_networks(const CompareOptions& options, bool json, std::ostream& out);

}  // namespace livecca::tool
