#include "livecca/moments/cross_moments.hpp"

#include <algorithm>

#include "moments/tile_update.hpp"

namespace livecca {

CrossMoments::CrossMoments(std::size_t features_x, std::size_t features_y)
    : mean_x_{std::vector<double>(features_x), std::vector<double>(features_x)},
      mean_y_{std::vector<double>(features_y), std::vector<double>(features_y)},
      product_(features_x * features_y) {}

void CrossMoments::update(const PackedRows& x, const PackedRows& y, Executor& executor) {
  TileUpdate update(*this, x, y);
  run_updates({&update, 1}, executor);
}

void CrossMoments::merge(const CrossMoments& other) { TileUpdate::merge(*this, other); }

void CrossMoments::reset() {
  samples_ = 0;
  for (ShiftedMean* mean : {&mean_x_, &mean_y_}) {
    std::ranges::fill(mean->origin, 0.0);
    std::ranges::fill(mean->offset, 0.0);
  }
  std::ranges::fill(product_, 0.0);
}

}  // namespace livecca
