#include <cstddef>

namespace {
constexpr std::size_t vector_bytes = 64;
}  // namespace

#include "snapshot/dense/vector_sums.hpp"

namespace livecca {

const VectorKernel avx512_vectors = vector_sums;

}  // namespace livecca
