#pragma once

#include "commands/command.hpp"

namespace livecca::tool {

Command compare_command();
Command solve_command();
Command merge_command();

}  // namespace livecca::tool
