#pragma once

#include "commands/command.hpp"

namespace livecca::tool {

Command show_command();
Command export_command();

}  // namespace livecca::tool
