#pragma once

#include <nanobind/nanobind.h>

#include <array>
#include <cstddef>
#include <optional>

#include "arrays.hpp"
#include "livecca/activations/gathered_rows.hpp"

namespace livecca::python {

/// Rows that Python gathered: an image's rows lie together. `positions` says of each row where it
/// comes from; none if images are flattened. `shape` has the images, features, depth, height and
/// width of what they were gathered from. Borrows the arrays' memory.
GatheredRows gathered_rows(const Array& rows, const std::optional<Array>& positions,
                           const std::array<std::size_t, 5>& shape);

}  // namespace livecca::python
