#pragma once

#include <cstddef>

namespace livecca_tests {

/// Whether this build counts; the sanitizers replace malloc themselves.
bool counts_allocations();
/// Calls that asked for memory, of all threads, since the program began.
std::size_t allocation_count();
/// Bytes asked for and not given back yet.
std::size_t live_bytes();

}  // namespace livecca_tests
