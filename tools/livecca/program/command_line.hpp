#pragma once

#include <optional>

#include "commands/command.hpp"

namespace livecca::tool {

/// What the program's arguments ask for.
struct CommandLine {
  std::optional<Command> command;  ///< ready for run_command(); or nothing is left to do
  int status = 0;                  ///< the exit status then: of help, or of a line on stderr
};

/// Reads the arguments with CLI11. Prints help and the version to stdout, and what is wrong as one
/// line to stderr.
CommandLine read_command_line(int argc, const char* const* argv);

}  // namespace livecca::tool
