#include "livecca/moments/moments.hpp"

#include <algorithm>

#include "moments/tile_update.hpp"

namespace livecca {

Moments::Moments(std::size_t features)
    : mean_{std::vector<double>(features), std::vector<double>(features)},
      scatter_(features * features) {}

void Moments::update(const PackedRows& centered, Executor& executor) {
  TileUpdate update(*this, centered);
  run_updates({&update, 1}, executor);
}

void Moments::merge(const Moments& other) { TileUpdate::merge(*this, other); }

void Moments::reset() {
  samples_ = 0;
  effective_samples_ = 0;
  std::ranges::fill(mean_.origin, 0.0);
  std::ranges::fill(mean_.offset, 0.0);
  std::ranges::fill(scatter_, 0.0);
}

}  // namespace livecca
