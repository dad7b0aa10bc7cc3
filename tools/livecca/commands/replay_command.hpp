#pragma once

#include "commands/command.hpp"

namespace livecca::tool {

Command replay_command();

}  // namespace livecca::tool
