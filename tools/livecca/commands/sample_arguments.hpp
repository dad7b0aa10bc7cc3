#pragma once

#include <CLI/CLI.hpp>

#include "compare/compare_options.hpp"

namespace livecca::tool {

/// Adds what says which of a file's axes are what, and what is a sample: --layout, --samples,
/// --mask and --positions. `options` must outlive the parsing.
void add_options_of_samples(CLI::App& command, CompareOptions& options);

/// What --samples, --layout, --positions and --mask make of one another. Throws
/// CLI::ValidationError.
void check_samples(const CompareOptions& options);

}  // namespace livecca::tool
