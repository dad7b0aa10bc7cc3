#pragma once

#include <cstdint>

namespace livecca_tests {

/// Lets the `number`-th use of operator new from now on fail, on whichever thread it comes, and no
/// other. 0: none.
void fail_allocation(std::uint64_t number);
/// Uses of operator new since fail_allocation() was called last.
std::uint64_t allocations_made();

}  // namespace livecca_tests
