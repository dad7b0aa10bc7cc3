#include "moments/products/product_kernel.hpp"

#include <array>
#include <cstdlib>
#include <string_view>

namespace livecca {
namespace {

struct Candidate {
  bool is_there;
  const ProductKernel* kernel;
};

const ProductKernel& chosen() {
  // The widest first.
  const auto candidates = std::to_array<Candidate>({
#ifdef LIVECCA_X86
      {__builtin_cpu_supports("avx512f") != 0, &avx512_kernel},
      {__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0, &avx2_kernel},
#endif
      {true, &baseline_kernel},
  });
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables here
  const char* const set = std::getenv("LIVECCA_INSTRUCTIONS");
  const std::string_view asked = set == nullptr ? "" : set;
  const ProductKernel* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!candidate.is_there) continue;
    if (best == nullptr || asked == candidate.kernel->instructions) best = candidate.kernel;
  }
  return *best;
}

}  // namespace

const ProductKernel& product_kernel() {
  static const ProductKernel& kernel = chosen();
  return kernel;
}

}  // namespace livecca
