#include <cstddef>

namespace {
constexpr std::size_t vector_bytes = 16;
}  // namespace

#include "snapshot/dense/vector_sums.hpp"

namespace livecca {

const VectorKernel baseline_vectors = vector_sums;

}  // namespace livecca
