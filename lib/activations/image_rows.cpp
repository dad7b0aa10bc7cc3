#include "livecca/activations/image_rows.hpp"

#include <algorithm>

namespace livecca {

void take_samples(const PackedRows& packed, ImageRows& into) {
  const std::size_t features = packed.features();
  into.values.resize(packed.rows() * features);
  packed.read(0, packed.rows(), std::span<double>(into.values));
  std::size_t kept = 0;
  for (std::size_t row = 0; row < packed.rows(); ++row) {
    const bool is_valid = packed.valid().empty() || packed.valid()[row] == 1;
    if (!is_valid || packed.finite()[row] == 0) continue;
    std::copy_n(into.values.begin() + static_cast<std::ptrdiff_t>(row * features), features,
                into.values.begin() + static_cast<std::ptrdiff_t>(kept * features));
    into.positions[kept++] = into.positions[row];
  }
  into.values.resize(kept * features);
  into.positions.resize(kept);
}

}  // namespace livecca
