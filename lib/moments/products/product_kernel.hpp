#pragma once

#include <cstddef>

#include "moments/products/rows_to_read.hpp"
#include "moments/products/tile_product.hpp"

namespace livecca {

/// Products by some of the processor's instructions. Between those, sums are rounded differently,
/// by a few ε of their size, and nothing else differs.
struct ProductKernel {
  const char* instructions = "";  ///< "avx512", "avx2" or "baseline", which every processor has
  std::size_t panel = 0;          ///< features in a panel of float64, see TileOperand
  std::size_t fast_panel = 0;     ///< of float32
  void (*add)(const TileProduct<double>& product) = nullptr;
  void (*add_fast)(const TileProduct<float>& product) = nullptr;
  /// Writes the features begin … end − 1 of rows as panels that are `stride` apart, of which the
  /// first begins at `begin`. No factors are read.
  void (*pack)(const RowsToRead& rows, std::size_t begin, std::size_t end, const double* factors,
               double* panels, std::size_t stride) = nullptr;
  /// The same, each feature times its factor.
  void (*pack_fast)(const RowsToRead& rows, std::size_t begin, std::size_t end,
                    const double* factors, float* panels, std::size_t stride) = nullptr;
  /// Of all rows, of which there must be one or more: `first` is 0. Reads no origin and no offset.
  void (*find_means)(const RowsToRead& rows, std::size_t begin, std::size_t end,
                     const Means& means) = nullptr;
};

extern const ProductKernel baseline_kernel;
#ifdef LIVECCA_X86
extern const ProductKernel avx2_kernel;
extern const ProductKernel avx512_kernel;
#endif

/// The widest that the processor has, found out once. LIVECCA_INSTRUCTIONS in the environment, with
/// one of the names, takes another one; a name that is unknown, or that the processor lacks,
/// changes nothing.
///
/// Thread safety: may be called from any thread.
const ProductKernel& product_kernel();

}  // namespace livecca
