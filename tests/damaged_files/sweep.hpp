#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include "file_kind.hpp"
#include "options.hpp"

namespace livecca_tests {

/// How many damaged files had each outcome.
using Counts = std::array<std::size_t, outcomes>;

/// Runs a function in a child process. Throws std::runtime_error if it does not end well.
void run_in_child(const std::function<void()>& work);

/// Reads damaged files of one kind in child processes, and names those with a bad outcome. A child
/// that crashes or hangs is followed by another, which goes on with the next file.
Counts sweep(const NamedKind& kind, const SweepOptions& options);

/// Reads one of them in this process and says what came of it.
Outcome read_here(const NamedKind& kind, const SweepOptions& options);

const char* name_of(Outcome outcome);

}  // namespace livecca_tests
