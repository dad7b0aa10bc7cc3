#include "commands/command.hpp"

#include <exception>
#include <new>

#include "commands/compare_commands.hpp"
#include "commands/replay_command.hpp"
#include "commands/run_commands.hpp"
#include "commands/serve_command.hpp"
#include "text/output_text.hpp"

namespace livecca::tool {
namespace {

constexpr int unusable_input = 2;

/// One line, whatever a path or a header may contain.
void print_line(const std::string& who, const std::string& message, std::ostream& err) {
  err << who << ": " << shown_name(message) << '\n';
}

int fail(const std::string& who, const std::string& message, std::ostream& err) {
  print_line(who, message, err);
  return unusable_input;
}

}  // namespace

std::vector<Command> commands() {
  return {compare_command(), solve_command(),  merge_command(), show_command(),
          serve_command(),   export_command(), replay_command()};
}

std::string called(const Command& command) {
  return std::string(program_name) + " " + command.name;
}

int run_command(const Command& command, std::ostream& out, std::ostream& err) {
  const std::string who = called(command);
  try {
    command.run(out, [&](const std::string& line) { print_line(who, line, err); });
  } catch (const std::bad_alloc&) {
    return fail(who, "expected enough memory for the features' covariances", err);
  } catch (const std::exception& error) {
    return fail(who, error.what(), err);
  }
  return all_written(who, 0, out, err);
}

int refuse(const std::string& who, const std::string& why, std::ostream& err) {
  return fail(who, why + " (see " + who + " --help)", err);
}

int all_written(const std::string& who, int status, std::ostream& out, std::ostream& err) {
  if (out.flush()) return status;
  return fail(who, "expected to write the result to stdout, got a write error", err);
}

}  // namespace livecca::tool
