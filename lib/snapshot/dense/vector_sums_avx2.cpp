#include <cstddef>

namespace {
constexpr std::size_t vector_bytes = 32;
}  // namespace

#include "snapshot/dense/vector_sums.hpp"

namespace livecca {

const VectorKernel avx2_vectors = vector_sums;

}  // namespace livecca
