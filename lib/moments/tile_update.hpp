#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "livecca/common/executor.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"

namespace livecca {

/// One batch on its way into one accumulator, cut into tiles of the output that can run at the same
/// time. Each tile is written by one task that goes through the rows in their order, so the number
/// of threads changes no bit.
class TileUpdate {
 public:
  /// Both referenced objects must outlive this one. Throws Error if they do not fit each other.
  TileUpdate(Moments& moments, const PackedRows& rows);
  TileUpdate(CrossMoments& moments, const PackedRows& x, const PackedRows& y);

  std::size_t tiles() const { return tiles_.size(); }
  /// Adds the batch to one tile of the products. Any thread; each tile once.
  void run(std::size_t tile) const;
  /// Moves means and counts on; after all tiles.
  void finish();

  /// The products and means of two accumulators that saw other rows, by the same formula.
  static void merge(Moments& into, const Moments& from);
  static void merge(CrossMoments& into, const CrossMoments& from);

 private:
  struct Tile {
    std::size_t row;
    std::size_t column;
  };

  void cut(std::size_t rows, std::size_t columns, bool lower_only);

  Moments* moments_ = nullptr;
  CrossMoments* cross_ = nullptr;
  const PackedRows& x_;
  const PackedRows& y_;
  double weight_ = 0;  ///< of the outer product of the deltas: n·m/(n+m)
  std::vector<double> delta_x_;
  std::vector<double> delta_y_;
  std::vector<Tile> tiles_;
};

/// Runs all tiles of all updates in one parallel loop on the training lane, then finishes each.
void run_updates(std::span<TileUpdate> updates, Executor& executor);

}  // namespace livecca
