#pragma once

#include "moments/products/tile_product.hpp"

// The product of a tile, for vectors of any length: each source that includes this is compiled for
// other instructions. So nothing here may have a name outside of the source, or call an inline
// function of a library: the linker would keep one of them for all, and another processor would
// run it. No loop over plain numbers may multiply and
// add: as vectors it rounds twice, else once, and addresses decide which one runs.

namespace livecca {
namespace {

/// `bytes` long vectors, so many of them in a panel. A piece of the tile, `columns` wide and at
/// most a panel high, stays in registers: vectors · columns of them.
template <typename Scalar, std::size_t bytes, std::size_t panel_vectors, std::size_t columns>
struct Pieces {
  static constexpr std::size_t lanes = bytes / sizeof(Scalar);
  static constexpr std::size_t panel = panel_vectors * lanes;
  static constexpr std::size_t wide_lanes = bytes / sizeof(double);
  static_assert(panel_vectors <= 3 && panel % columns == 0 && small_tile_features % panel == 0);
  using Vector [[gnu::vector_size(bytes), gnu::aligned(alignof(Scalar)), gnu::may_alias]] = Scalar;
  using Wide [[gnu::vector_size(bytes), gnu::aligned(alignof(double)), gnu::may_alias]] = double;

  /// The sums over samples, column by column.
  template <std::size_t vectors>
  static void sum(const Scalar* x, const Scalar* y, std::size_t samples, Scalar* sums) {
    Vector piece[columns][vectors] = {};
    for (std::size_t k = 0; k < samples; ++k, x += panel, y += panel) {
      Vector of_x[vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < vectors; ++v) {
        of_x[v] = *reinterpret_cast<const Vector*>(x + v * lanes);
      }
#pragma GCC unroll 8
      for (std::size_t j = 0; j < columns; ++j) {
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v) piece[j][v] += of_x[v] * y[j];
      }
    }
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t v = 0; v < vectors; ++v) {
        *reinterpret_cast<Vector*>(sums + (j * vectors + v) * lanes) = piece[j][v];
      }
    }
  }

  /// Of float32 into float64, some samples at a time.
  template <std::size_t vectors>
  static void sum_exactly(const float* x, const float* y, std::size_t samples, double* totals) {
    constexpr std::size_t size = columns * vectors * lanes;
    if (samples == 0) {
      for (std::size_t i = 0; i < size; ++i) totals[i] = 0;
    }
    for (std::size_t first = 0; first < samples; first += samples_at_once) {
      const std::size_t left = samples - first;
      float sums[size];
      sum<vectors>(x + first * panel, y + first * panel,
                   left < samples_at_once ? left : samples_at_once, sums);
      if (first == 0) {
        for (std::size_t i = 0; i < size; ++i) totals[i] = static_cast<double>(sums[i]);
      } else {
        for (std::size_t i = 0; i < size; ++i) totals[i] += static_cast<double>(sums[i]);
      }
    }
  }
  template <std::size_t vectors>
  static void sum_exactly(const double* x, const double* y, std::size_t samples, double* sums) {
    sum<vectors>(x, y, samples, sums);
  }

  /// Scales the sums and adds the deltas: whole vectors, so that all are rounded alike.
  static void finish(const TileProduct<Scalar>& product, std::size_t row, std::size_t height,
                     std::size_t column, double* sums) {
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t i = 0; i < height; i += wide_lanes) {
        Wide& of_sums = *reinterpret_cast<Wide*>(sums + j * height + i);
        if constexpr (sizeof(Scalar) != sizeof(double)) {
          const Wide scale = *reinterpret_cast<const Wide*>(product.x.scale + row + i);
          of_sums *= scale * product.y.scale[column + j];  // powers of two: it is exact
        }
        if (product.x.delta != nullptr) {
          const Wide delta = *reinterpret_cast<const Wide*>(product.x.delta + row + i);
          of_sums += delta * product.y.delta[column + j];
        }
      }
    }
  }

  /// From `row` on, which begins a vector.
  template <std::size_t vectors>
  static void add_vectors(const TileProduct<Scalar>& product, std::size_t row, std::size_t column) {
    constexpr std::size_t height = vectors * lanes;
    double sums[columns * height];
    const auto at = [](const TileOperand<Scalar>& side, std::size_t feature) {
      return side.panels + feature / panel * side.stride + feature % panel;
    };
    sum_exactly<vectors>(at(product.x, row), at(product.y, column), product.samples, sums);
    finish(product, row, height, column, sums);
    const std::size_t rows = product.rows - row < height ? product.rows - row : height;
    const std::size_t width =
        product.columns - column < columns ? product.columns - column : columns;
    for (std::size_t j = 0; j < width; ++j) {
      double* out = product.out + (column + j) * product.stride + row;
      for (std::size_t i = 0; i < rows; ++i) out[i] += sums[j * height + i];
    }
  }

  /// Leaves out the vectors that lie beyond the last row, or above the diagonal.
  static void add_piece(const TileProduct<Scalar>& product, std::size_t row, std::size_t column) {
    const std::size_t rows = product.rows - row < panel ? product.rows - row : panel;
    std::size_t vectors = (rows + lanes - 1) / lanes;
    if (product.is_on_diagonal && row < column) {
      const std::size_t above = (column - row) / lanes;
      row += above * lanes;
      vectors -= above < vectors ? above : vectors;
    }
    if constexpr (panel_vectors == 3) {
      if (vectors == 3) add_vectors<3>(product, row, column);
    }
    if (vectors == 2) add_vectors<2>(product, row, column);
    if (vectors == 1) add_vectors<1>(product, row, column);
  }

  static void add(const TileProduct<Scalar>& product) {
    for (std::size_t column = 0; column < product.columns; column += columns) {
      for (std::size_t row = 0; row < product.rows; row += panel) add_piece(product, row, column);
    }
  }
};

}  // namespace
}  // namespace livecca
