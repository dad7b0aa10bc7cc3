#pragma once

#include <CLI/CLI.hpp>

#include "runs/replay_run.hpp"

namespace livecca::tool {

/// Adds `replay` to the program, as add_compare().
CLI::App* add_replay(CLI::App& program, ReplayArguments& arguments);

}  // namespace livecca::tool
