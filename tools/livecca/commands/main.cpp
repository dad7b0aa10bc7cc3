#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "commands/compare_arguments.hpp"
#include "commands/replay_arguments.hpp"
#include "commands/run_arguments.hpp"
#include "compare/compare.hpp"
#include "compare/recorded_probe.hpp"
#include "compare/stored_moments.hpp"
#include "matrices/layer_matrix.hpp"
#include "matrices/networks.hpp"
#include "runs/show.hpp"

namespace {

using namespace livecca::tool;

constexpr int unusable_input = 2;

/// One line on stderr, whatever a path or a header may contain.
int fail(const std::string& who, std::string message) {
  for (char& letter : message) {
    if (static_cast<unsigned char>(letter) < ' ' || letter == '\x7f') letter = ' ';
  }
  std::cerr << who << ": " << message << '\n';
  return unusable_input;
}

/// A mapped file that another program cuts short raises SIGBUS where its pages are missing.
extern "C" void on_missing_page(int) {
  constexpr char message[] =
      "livecca compare: expected files that stay as they are, got one that became shorter\n";
  const ssize_t written = ::write(STDERR_FILENO, message, sizeof(message) - 1);
  ::_exit(written > 0 ? unusable_input : unusable_input + 1);
}

void watch_missing_pages() {
  struct sigaction action {};
  action.sa_handler = on_missing_page;
  ::sigaction(SIGBUS, &action, nullptr);
}

/// The exit status, or that of a failure if not all of stdout could be written.
int all_written(const std::string& who, int status) {
  if (std::cout.flush()) return status;
  return fail(who, "expected to write the result to stdout, got a write error");
}

/// Runs a command; what goes wrong is one line and an exit status.
template <typename Command>
int guarded(const std::string& who, const Command& command) {
  try {
    command();
  } catch (const std::bad_alloc&) {
    return fail(who, "expected enough memory for the features' covariances");
  } catch (const std::exception& error) {
    return fail(who, error.what());
  }
  return all_written(who, 0);
}

int run_compare(const CompareArguments& arguments) {
  watch_missing_pages();
  const CompareOptions& options = arguments.options;
  return guarded("livecca compare", [&] {
    const std::string warning = probes_that_differ(options.inputs);
    if (!warning.empty()) fail("livecca compare: warning", warning);
    if (options.all_layers) return compare_all_layers(options, arguments.json, std::cout);
    if (options.inputs.size() == 2 && options.groups.empty()) {
      return compare_layers(options, arguments.json, std::cout);
    }
    compare_networks(options, arguments.json, std::cout);
  });
}

int run_solve(const SolveArguments& arguments) {
  return guarded("livecca solve",
                 [&] { solve_file(arguments.file, arguments.options, arguments.json, std::cout); });
}

int run_merge(const MergeArguments& arguments) {
  return guarded("livecca merge", [&] {
    for (const std::string& lost : merge_files(arguments.out, arguments.in)) {
      fail("livecca merge", lost);
    }
  });
}

int run_show(const ShowOptions& options) {
  return guarded("livecca show", [&] { show_run(options, std::cout); });
}

int run_export(const ExportOptions& options) {
  return guarded("livecca export", [&] {
    const std::string left_out = export_rows(options, std::cout);
    if (!left_out.empty()) fail("livecca export", left_out);
  });
}

int run_replay(const ReplayArguments& arguments) {
  return guarded("livecca replay", [&] {
    const auto lost = replay_run(arguments, std::cout);
    for (const std::string& line : lost) fail("livecca replay", line);
  });
}

}  // namespace

int main(int argc, char** argv) {
  // A limit on the size of files is then an error of the write, as a full disk is, and not the end.
  ::signal(SIGXFSZ, SIG_IGN);
  CLI::App program("livecca: how far neural representations are from one another", "livecca");
  program.set_version_flag("--version", "livecca " LIVECCA_VERSION);
  program.require_subcommand(1);
  CompareArguments compare_arguments;
  SolveArguments solve_arguments;
  MergeArguments merge_arguments;
  ShowOptions show_options;
  ExportOptions export_options;
  ReplayArguments replay_arguments;
  const CLI::App* compare = add_compare(program, compare_arguments);
  const CLI::App* solve = add_solve(program, solve_arguments);
  const CLI::App* merge = add_merge(program, merge_arguments);
  const CLI::App* show = add_show(program, show_options);
  const CLI::App* export_command = add_export(program, export_options);
  const CLI::App* replay = add_replay(program, replay_arguments);
  try {
    program.parse(argc, argv);
    if (compare->parsed()) check_together(compare_arguments);
  } catch (const CLI::ParseError& error) {
    // --help and --version
    if (error.get_exit_code() == 0) return all_written("livecca", program.exit(error));
    std::string who = "livecca";
    for (const CLI::App* command : {compare, solve, merge, show, export_command, replay}) {
      if (command->parsed()) who += " " + command->get_name();
    }
    return fail(who, std::string(error.what()) + " (see " + who + " --help)");
  }
  if (solve->parsed()) return run_solve(solve_arguments);
  if (merge->parsed()) return run_merge(merge_arguments);
  if (show->parsed()) return run_show(show_options);
  if (export_command->parsed()) return run_export(export_options);
  if (replay->parsed()) return run_replay(replay_arguments);
  return run_compare(compare_arguments);
}
