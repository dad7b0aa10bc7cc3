#pragma once

#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

// The program's commands as data. A front end reads them, parses a command line with whatever it
// parses with, and runs the command:
//
//   1. for each option that was given, in the order of Command::options: take(values)
//   2. check()
//   3. run_command()
//
// Steps 1 and 2 throw UsageError; refuse() prints it. Nothing here is a process of its own: no
// signal handler is set, no stream is chosen.

namespace livecca::tool {

constexpr const char* program_name = "livecca";
constexpr const char* program_summary =
    "livecca: how far neural representations are from one another";

/// A command line that cannot be used. The message is one line: the option, what was expected and
/// what came.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How many values an option has.
enum class ValueCount {
  none,  ///< a flag
  one,   ///< and the option is given at most once
  many,  ///< an option is given again for each value; a positional has all that follow
};

struct Option {
  using Take = std::function<void(const std::vector<std::string>&)>;

  std::string name{};        ///< "--layers"; without dashes a positional, such as "INPUT"
  std::string value_name{};  ///< what its help calls a value: "K"; of flags and positionals ""
  std::string help{};        ///< in lines that a terminal holds beside the names
  /// Gets the values in the order of the command line, none for a flag. Throws UsageError.
  Take take{};
  ValueCount values = ValueCount::one;
  bool is_required = false;
  std::string excludes{};  ///< the earlier option that cannot be given with this one; or ""

  bool is_positional() const { return !name.starts_with('-'); }
};

/// A line for people, beside the result.
using Note = std::function<void(const std::string&)>;

/// Is run at most once. Its options write into what it runs with, so they must not outlive it, and
/// a copy is the same command.
struct Command {
  std::string name{};     ///< "compare"
  std::string summary{};  ///< one line, for the list of commands
  std::string details{};  ///< what its help says below the options
  std::vector<Option> options{};
  /// What no single option can see. Throws UsageError.
  std::function<void()> check = [] {};
  /// Writes the result to `out`. Throws what goes wrong; run_command() makes a line of it.
  std::function<void(std::ostream& out, const Note& note)> run{};

  void add(const std::vector<Option>& more) {
    options.insert(options.end(), more.begin(), more.end());
  }
};

/// All commands, in the order of the program's help. Nothing is taken yet.
std::vector<Command> commands();

/// Runs a command whose options are taken and checked. Returns the exit status: 0, or 2 with one
/// line on `err` if something went wrong. Notes are lines on `err` too.
int run_command(const Command& command, std::ostream& out, std::ostream& err);

/// What stands before a command's lines: "livecca compare".
std::string called(const Command& command);

/// Prints one line on `err`: why a command line was refused, and whose help to read, `who` being
/// "livecca" or that of called(). Returns the exit status.
int refuse(const std::string& who, const std::string& why, std::ostream& err);

/// Returns the status, or if `out` could not be written, that of a failure after a line on `err`.
int all_written(const std::string& who, int status, std::ostream& out, std::ostream& err);

}  // namespace livecca::tool
