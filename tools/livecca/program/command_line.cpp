#include "program/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace livecca::tool {
namespace {

CLI::Option* add_by_values(const Option& option, CLI::App& to) {
  const auto& take = option.take;
  if (option.values == ValueCount::none) {
    return to.add_flag_callback(
        option.name, [take] { take({}); }, option.help);
  }
  if (option.values == ValueCount::one) {
    return to
        .add_option_function<std::string>(
            option.name, [take](const std::string& value) { take({value}); }, option.help)
        ->type_name(option.value_name);
  }
  CLI::Option* added =
      to.add_option_function<std::vector<std::string>>(option.name, take, option.help)
          ->type_name(option.value_name);
  return option.is_positional() ? added : added->expected(1)->take_all();
}

CLI::App* add(const Command& command, CLI::App& to) {
  CLI::App* added = to.add_subcommand(command.name, command.summary);
  added->footer(command.details);
  for (const Option& option : command.options) {
    CLI::Option* const declared = add_by_values(option, *added);
    declared->required(option.is_required);
    if (!option.excludes.empty()) declared->excludes(added->get_option(option.excludes));
  }
  return added;
}

}  // namespace

CommandLine read_command_line(int argc, const char* const* argv) {
  CLI::App program(program_summary, program_name);
  program.set_version_flag("--version", std::string(program_name) + " " LIVECCA_VERSION);
  program.require_subcommand(1);
  const std::vector<Command> known = commands();
  for (const Command& command : known) add(command, program);
  std::optional<Command> asked;
  const auto find_asked = [&] {
    for (const Command& command : known) {
      if (program.get_subcommand(command.name)->parsed()) asked = command;
    }
  };
  const auto refused = [&](const std::string& why) -> CommandLine {
    find_asked();
    return {{}, refuse(asked ? called(*asked) : program_name, why, std::cerr)};
  };
  try {
    program.parse(argc, argv);
    find_asked();
    asked->check();
  } catch (const CLI::ParseError& error) {
    // --help and --version
    if (error.get_exit_code() == 0) {
      return {{}, all_written(program_name, program.exit(error), std::cout, std::cerr)};
    }
    return refused(error.what());
  } catch (const UsageError& error) {
    return refused(error.what());
  }
  return {std::move(asked), 0};
}

}  // namespace livecca::tool
