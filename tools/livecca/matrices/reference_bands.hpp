#pragma once

#include <span>
#include <string>

#include "matrices/network_matrices.hpp"

namespace livecca::tool {

/// Writes the means within and between groups as reference bands: one JSON object, see
/// docs/reference_bands.md. The networks have groups. The file appears whole or not at all. Throws
/// InputError if it cannot be written.
void write_bands(const std::string& path, std::span<const NetworkMatrices> layers,
                 const Networks& networks);

}  // namespace livecca::tool
