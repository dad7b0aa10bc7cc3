#pragma once

#include "snapshot/dense/vector_kernel.hpp"

// Sums over vectors of `vector_bytes`, which each source that includes this defines before: it is
// compiled for other instructions. So nothing here may have a name outside of the source, or call
// an inline function of a library, as in moments/products/add_tile.hpp.

namespace livecca {
namespace {

/// Columns are read four at a time, so that what is read with them (v, y) is read once for the
/// four.
struct VectorSums {
  static constexpr std::size_t lanes = vector_bytes / sizeof(double);
  using Vector [[gnu::vector_size(vector_bytes), gnu::aligned(alignof(double)), gnu::may_alias]] =
      double;

  static Vector load(const double* from) { return *reinterpret_cast<const Vector*>(from); }
  static void store(double* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }
  static double total(Vector value) {
    double sum = 0;
    for (std::size_t i = 0; i < lanes; ++i) sum += value[i];
    return sum;
  }

  static void dots(const double* a, std::size_t stride, std::size_t rows, std::size_t columns,
                   const double* v, double* out) {
    std::size_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      const double* column[4];
      for (std::size_t c = 0; c < 4; ++c) column[c] = a + (j + c) * stride;
      Vector sums[4] = {};
      std::size_t i = 0;
      for (; i + lanes <= rows; i += lanes) {
        const Vector of_v = load(v + i);
#pragma GCC unroll 4
        for (std::size_t c = 0; c < 4; ++c) sums[c] += load(column[c] + i) * of_v;
      }
      for (std::size_t c = 0; c < 4; ++c) {
        double rest = total(sums[c]);
        for (std::size_t k = i; k < rows; ++k) rest += column[c][k] * v[k];
        out[j + c] = rest;
      }
    }
    for (; j < columns; ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += a[j * stride + i] * v[i];
      out[j] = sum;
    }
  }

  static void add_columns(const double* a, std::size_t stride, std::size_t rows,
                          std::size_t columns, const double* factors, double* y) {
    std::size_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      const double* column[4];
      for (std::size_t c = 0; c < 4; ++c) column[c] = a + (j + c) * stride;
      const double* f = factors + j;
      std::size_t i = 0;
      for (; i + lanes <= rows; i += lanes) {
        store(y + i, (load(y + i) + load(column[0] + i) * f[0] + load(column[1] + i) * f[1]) +
                         (load(column[2] + i) * f[2] + load(column[3] + i) * f[3]));
      }
      for (; i < rows; ++i) {
        y[i] = (y[i] + column[0][i] * f[0] + column[1][i] * f[1]) +
               (column[2][i] * f[2] + column[3][i] * f[3]);
      }
    }
    for (; j < columns; ++j) {
      for (std::size_t i = 0; i < rows; ++i) y[i] += a[j * stride + i] * factors[j];
    }
  }

  /// One column of symmetric_columns(), for what is left over of four.
  static void symmetric_column(const double* column, std::size_t j, std::size_t n, const double* v,
                               double* y) {
    double sum = column[j] * v[j];
    for (std::size_t i = j + 1; i < n; ++i) {
      sum += column[i] * v[i];
      y[i] += column[i] * v[j];
    }
    y[j] += sum;
  }

  static void symmetric_columns(const double* a, std::size_t stride, std::size_t n,
                                std::size_t first, std::size_t last, const double* v, double* y) {
    std::size_t j = first;
    for (; j + 4 <= last && j + 4 <= n; j += 4) {
      const double* column[4];
      for (std::size_t c = 0; c < 4; ++c) column[c] = a + (j + c) * stride;
      for (std::size_t c = 0; c < 4; ++c) symmetric_column(column[c], j + c, j + 4, v, y);
      Vector sums[4] = {};
      std::size_t i = j + 4;
      for (; i + lanes <= n; i += lanes) {
        const Vector of_v = load(v + i);
        Vector of_a[4];
#pragma GCC unroll 4
        for (std::size_t c = 0; c < 4; ++c) {
          of_a[c] = load(column[c] + i);
          sums[c] += of_a[c] * of_v;
        }
        store(y + i, (load(y + i) + of_a[0] * v[j] + of_a[1] * v[j + 1]) +
                         (of_a[2] * v[j + 2] + of_a[3] * v[j + 3]));
      }
      for (std::size_t c = 0; c < 4; ++c) {
        double rest = total(sums[c]);
        for (std::size_t k = i; k < n; ++k) {
          rest += column[c][k] * v[k];
          y[k] += column[c][k] * v[j + c];
        }
        y[j + c] += rest;
      }
    }
    for (; j < last; ++j) symmetric_column(a + j * stride, j, n, v, y);
  }

  /// From `first` on, `last` excluded.
  static void pole_range(const double* weights, const double* poles, double at, std::size_t first,
                         std::size_t last, double* sum, double* slope) {
    Vector sums = {};
    Vector slopes = {};
    std::size_t i = first;
    for (; i + lanes <= last; i += lanes) {
      const Vector inverse = 1.0 / (load(poles + i) - at);
      const Vector term = load(weights + i) * inverse;
      sums += term;
      slopes += term * inverse;
    }
    *sum = total(sums);
    *slope = total(slopes);
    for (; i < last; ++i) {
      const double inverse = 1.0 / (poles[i] - at);
      *sum += weights[i] * inverse;
      *slope += weights[i] * inverse * inverse;
    }
  }

  static void pole_sums(const double* weights, const double* poles, double at, std::size_t split,
                        std::size_t count, PoleSums* sums) {
    pole_range(weights, poles, at, 0, split, &sums->below, &sums->slope_below);
    pole_range(weights, poles, at, split, count, &sums->above, &sums->slope_above);
  }
};

constexpr VectorKernel vector_sums{VectorSums::dots, VectorSums::add_columns,
                                   VectorSums::symmetric_columns, VectorSums::pole_sums};

}  // namespace
}  // namespace livecca
