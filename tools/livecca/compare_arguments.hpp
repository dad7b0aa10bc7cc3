#pragma once

#include <CLI/CLI.hpp>

#include "compare.hpp"

namespace livecca::tool {

struct CompareArguments {
  CompareOptions options;
  bool json = false;
};

/// Adds `compare` to the program. Parsing fills `arguments`, which must outlive the program; a
/// wrong value throws CLI::ValidationError with what was expected and what came.
CLI::App* add_compare(CLI::App& program, CompareArguments& arguments);

/// What no single option can see: call it after parsing. Throws CLI::ValidationError.
void check_together(const CompareArguments& arguments);

}  // namespace livecca::tool
