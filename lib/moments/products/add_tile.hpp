#pragma once

#include "moments/products/tile_product.hpp"

// The product of a tile, for vectors of any length: each source that includes this is compiled for
// other instructions. So nothing here may have a name outside of the source, or call an inline
// function of a library: the linker would keep one of them for all, and another processor would
// run it. No loop over plain numbers may multiply and
// add: as vectors it rounds twice, else once, and addresses decide which one runs.

namespace livecca {
namespace {

/// `bytes` long vectors, so many of them in a panel. A piece of the tile, `columns` wide and a
/// panel high, stays in registers: panel_vectors · columns of them.
template <typename Scalar, std::size_t bytes, std::size_t panel_vectors, std::size_t columns>
struct Pieces {
  static constexpr std::size_t lanes = bytes / sizeof(Scalar);
  static constexpr std::size_t panel = panel_vectors * lanes;
  static_assert(panel % columns == 0 && small_tile_features % panel == 0);
  using Vector [[gnu::vector_size(bytes), gnu::aligned(alignof(Scalar)), gnu::may_alias]] = Scalar;

  /// The sums over samples, column by column.
  static void sum(const Scalar* x, const Scalar* y, std::size_t samples, Scalar* sums) {
    Vector piece[columns][panel_vectors] = {};
    for (std::size_t k = 0; k < samples; ++k, x += panel, y += panel) {
      Vector of_x[panel_vectors];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < panel_vectors; ++v) {
        of_x[v] = *reinterpret_cast<const Vector*>(x + v * lanes);
      }
#pragma GCC unroll 8
      for (std::size_t j = 0; j < columns; ++j) {
#pragma GCC unroll 8
        for (std::size_t v = 0; v < panel_vectors; ++v) piece[j][v] += of_x[v] * y[j];
      }
    }
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t v = 0; v < panel_vectors; ++v) {
        *reinterpret_cast<Vector*>(sums + j * panel + v * lanes) = piece[j][v];
      }
    }
  }

  /// Of float32 into float64, some samples at a time.
  static void sum_exactly(const float* x, const float* y, std::size_t samples, double* totals) {
    for (std::size_t i = 0; i < columns * panel; ++i) totals[i] = 0;
    for (std::size_t first = 0; first < samples; first += samples_at_once) {
      const std::size_t left = samples - first;
      float sums[columns * panel];
      sum(x + first * panel, y + first * panel, left < samples_at_once ? left : samples_at_once,
          sums);
      for (std::size_t i = 0; i < columns * panel; ++i) totals[i] += static_cast<double>(sums[i]);
    }
  }
  static void sum_exactly(const double* x, const double* y, std::size_t samples, double* sums) {
    sum(x, y, samples, sums);
  }

  static void add_piece(const TileProduct<Scalar>& product, std::size_t row, std::size_t column) {
    double sums[columns * panel];
    const auto at = [](const TileOperand<Scalar>& side, std::size_t feature) {
      return side.panels + feature / panel * side.stride + feature % panel;
    };
    sum_exactly(at(product.x, row), at(product.y, column), product.samples, sums);
    const std::size_t rows = product.rows - row < panel ? product.rows - row : panel;
    const std::size_t width =
        product.columns - column < columns ? product.columns - column : columns;
    for (std::size_t j = 0; j < width; ++j) {
      double* out = product.out + (column + j) * product.stride + row;
      if constexpr (sizeof(Scalar) == sizeof(double)) {
        for (std::size_t i = 0; i < rows; ++i) out[i] += sums[j * panel + i];
      } else {
        const double* scale_x = product.x.scale + row;
        const double scale_y = product.y.scale[column + j];
        for (std::size_t i = 0; i < rows; ++i) {
          out[i] += sums[j * panel + i] * (scale_x[i] * scale_y);  // powers of two: it is exact
        }
      }
    }
  }

  static void add(const TileProduct<Scalar>& product) {
    for (std::size_t column = 0; column < product.columns; column += columns) {
      for (std::size_t row = 0; row < product.rows; row += panel) {
        if (product.is_on_diagonal && row + panel <= column) continue;
        add_piece(product, row, column);
      }
    }
  }
};

}  // namespace
}  // namespace livecca
