#pragma once

#include <cstddef>

namespace livecca {

/// A side's rows as products read them: panels of features; in a panel the samples come one after
/// another. What the last panel has beyond the last feature is 0.
template <typename Scalar>
struct TileOperand {
  const Scalar* panels = nullptr;  ///< the tile's first
  std::size_t stride = 0;          ///< from panel to panel
  const double* scale = nullptr;   ///< of float32: what each feature was divided by
  const double* delta = nullptr;   ///< of each feature, added as one sample more; nullptr: none
};

/// out += δx δyᵀ + Σ x yᵀ over some samples, for a tile of a product. Scales and deltas have an
/// entry for every feature of the panels; what those beyond the last feature are makes no
/// difference, as long as they are finite.
template <typename Scalar>
struct TileProduct {
  double* out = nullptr;   ///< column by column
  std::size_t stride = 0;  ///< from column to column
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool is_on_diagonal = false;  ///< what is above it need not be right
  TileOperand<Scalar> x{};      ///< its features are the rows
  TileOperand<Scalar> y{};
  std::size_t samples = 0;
};

/// Features of a tile, each way, at most: large enough to keep a core's multiply units busy, and a
/// whole number of panels, however long the vectors are.
inline constexpr std::size_t tile_features = 144;
/// The same of products of which no side has more features than narrow_product: large tiles would
/// be too few for several threads. Also what a thread reads of rows at a time.
inline constexpr std::size_t small_tile_features = tile_features / 3;
inline constexpr std::size_t narrow_product = 4 * tile_features;

/// Entries of scales and deltas for so many features.
constexpr std::size_t padded_features(std::size_t features) {
  return (features + small_tile_features - 1) / small_tile_features * small_tile_features;
}

/// Of float32 no more samples than these are summed up before they go into float64.
inline constexpr std::size_t samples_at_once = 128;

}  // namespace livecca
