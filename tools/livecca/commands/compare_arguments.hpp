#pragma once

#include <CLI/CLI.hpp>

#include "compare/compare_options.hpp"

namespace livecca::tool {

struct CompareArguments {
  CompareOptions options;
  bool json = false;
};

struct SolveArguments {
  std::string file;
  ResultOptions options;
  bool json = false;
};

struct MergeArguments {
  std::string out;
  std::vector<std::string> in;
};

/// Adds `solve` to the program, as add_compare().
CLI::App* add_solve(CLI::App& program, SolveArguments& arguments);

/// Adds `merge` to the program, as add_compare().
CLI::App* add_merge(CLI::App& program, MergeArguments& arguments);

/// Adds `compare` to the program. Parsing fills `arguments`, which must outlive the program; a
/// wrong value throws CLI::ValidationError with what was expected and what came.
CLI::App* add_compare(CLI::App& program, CompareArguments& arguments);

/// What no single option can see: call it after parsing. Throws CLI::ValidationError.
void check_together(const CompareArguments& arguments);

}  // namespace livecca::tool
