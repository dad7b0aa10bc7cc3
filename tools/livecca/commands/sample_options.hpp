#pragma once

#include "commands/command.hpp"
#include "compare/compare_options.hpp"

namespace livecca::tool {

/// Adds what says which of a file's axes are what, and what is a sample: --layout, --samples,
/// --mask and --positions. `options` must live as long as the command.
void add_options_of_samples(Command& command, CompareOptions& options);

/// What --samples, --layout, --positions and --mask make of one another. Throws UsageError.
void check_samples(const CompareOptions& options);

}  // namespace livecca::tool
