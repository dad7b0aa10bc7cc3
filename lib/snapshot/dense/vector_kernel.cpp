#include "snapshot/dense/vector_kernel.hpp"

#include "moments/products/product_kernel.hpp"

namespace livecca {

const VectorKernel& vector_kernel() {
#ifdef LIVECCA_X86
  if (&product_kernel() == &avx512_kernel) return avx512_vectors;
  if (&product_kernel() == &avx2_kernel) return avx2_vectors;
#endif
  return baseline_vectors;
}

}  // namespace livecca
