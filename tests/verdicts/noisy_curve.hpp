#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "livecca/measures/standard_error.hpp"
#include "livecca/sinks/row.hpp"
#include "support/example_rows.hpp"

namespace livecca_tests {

using livecca::HalfValue;
using livecca::MeasureRow;

/// A curve as a probe of ten blocks sees it: what a block's inputs add is partly the same in every
/// snapshot, and training jitters besides.
class NoisyCurve {
 public:
  struct Noise {
    double common = 0;  ///< of the mean over blocks, the same in each snapshot
    double fresh = 0;   ///< of the mean over blocks, new in each snapshot
    double jitter = 0;  ///< of training itself: in all blocks
  };

  NoisyCurve(Noise noise, std::uint64_t curve_seed) : noise_(noise), engine_(curve_seed) {
    for (double& block : common_) block = normal(noise_.common * std::sqrt(blocks));
  }

  /// A snapshot's number, and its halves: ten splits of the blocks, the same each time.
  std::pair<MeasureRow, std::vector<HalfValue>> at(std::int64_t epoch, double truth) {
    truth += normal(noise_.jitter);
    std::array<double, blocks> values{};
    double mean = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      values[b] = truth + common_[b] + normal(noise_.fresh * std::sqrt(blocks));
      mean += values[b] / blocks;
    }
    std::mt19937_64 splits(1);
    std::vector<HalfValue> halves;
    for (int split = 0; split < 10; ++split) {
      std::array<std::size_t, blocks> order{};
      for (std::size_t b = 0; b < blocks; ++b) order[b] = b;
      for (std::size_t b = blocks; b > 1; --b) std::swap(order[b - 1], order[splits() % b]);
      for (const std::size_t first : {std::size_t{0}, blocks / 2}) {
        HalfValue half{0, 0.5};
        for (std::size_t b = 0; b < blocks / 2; ++b) {
          half.value += values[order[first + b]] / (blocks / 2);
        }
        halves.push_back(half);
      }
    }
    return {number_at(epoch, mean), halves};
  }

 private:
  static constexpr std::size_t blocks = 10;

  double normal(double deviation) { return deviation * normal_(engine_); }

  Noise noise_;
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
  std::array<double, blocks> common_{};
};

}  // namespace livecca_tests
