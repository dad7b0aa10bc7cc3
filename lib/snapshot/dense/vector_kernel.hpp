#pragma once

#include <cstddef>

namespace livecca {

/// Σ wᵢ / (pᵢ − at) and its slope Σ wᵢ / (pᵢ − at)², for the first poles and for the others.
struct PoleSums {
  double below = 0;
  double slope_below = 0;
  double above = 0;
  double slope_above = 0;
};

/// Sums that read a matrix once, by some of the processor's instructions: these are as fast as
/// memory is. Matrices are stored column by column, `stride` apart.
struct VectorKernel {
  /// out = Aᵀ v.
  void (*dots)(const double* a, std::size_t stride, std::size_t rows, std::size_t columns,
               const double* v, double* out) = nullptr;
  /// y += A f.
  void (*add_columns)(const double* a, std::size_t stride, std::size_t rows, std::size_t columns,
                      const double* factors, double* y) = nullptr;
  /// Adds to y what the columns first … last − 1 of the lower triangle have of A v, A symmetric,
  /// n × n: themselves and as rows.
  void (*symmetric_columns)(const double* a, std::size_t stride, std::size_t n, std::size_t first,
                            std::size_t last, const double* v, double* y) = nullptr;
  /// The first `split` of `count` poles are below.
  void (*pole_sums)(const double* weights, const double* poles, double at, std::size_t split,
                    std::size_t count, PoleSums* sums) = nullptr;
};

extern const VectorKernel baseline_vectors;
#ifdef LIVECCA_X86
extern const VectorKernel avx2_vectors;
extern const VectorKernel avx512_vectors;
#endif

/// By the same instructions as product_kernel(). Thread safety: may be called from any thread.
const VectorKernel& vector_kernel();

}  // namespace livecca
