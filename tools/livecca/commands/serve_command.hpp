#pragma once

#include "commands/command.hpp"

namespace livecca::tool {

/// Runs until its process ends: the front end says how that is asked for.
Command serve_command();

}  // namespace livecca::tool
