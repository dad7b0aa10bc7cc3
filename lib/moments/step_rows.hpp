#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "livecca/activations/packed_rows.hpp"

namespace livecca {

/// The share of a tap's rows that are not finite; 0 if it has none.
double nonfinite_share(const PackedRows& rows);

/// Whether two taps' rows pair by index: as many images, over the same positions.
bool rows_pair(const PackedRows& a, const PackedRows& b);

/// Which rows every tap keeps in a step. A row that is non-finite in one tap leaves all taps whose
/// rows pair with its own; its image leaves the taps of other grids that saw as many images.
/// Returns one mask a tap, in order.
std::vector<std::vector<std::uint8_t>> make_masks(std::span<const PackedRows* const> taps);

}  // namespace livecca
