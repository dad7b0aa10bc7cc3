#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "compare_arguments.hpp"
#include "compare_output.hpp"

namespace {

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

int run_compare(const livecca::tool::CompareArguments& arguments) {
  using namespace livecca::tool;
  watch_missing_pages();
  try {
    const Comparison comparison = compare(arguments.options);
    std::cout << (arguments.json ? to_json(comparison).dump() + "\n" : to_table(comparison))
              << std::flush;
  } catch (const std::bad_alloc&) {
    return fail("livecca compare", "expected enough memory for the features' covariances");
  } catch (const std::exception& error) {
    return fail("livecca compare", error.what());
  }
  if (!std::cout) return fail("livecca compare", "expected to write the result, got a write error");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("livecca: how far neural representations are from one another", "livecca");
  program.set_version_flag("--version", "livecca " LIVECCA_VERSION);
  program.require_subcommand(1);
  livecca::tool::CompareArguments arguments;
  const CLI::App* compare = livecca::tool::add_compare(program, arguments);
  try {
    program.parse(argc, argv);
    livecca::tool::check_together(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);  // --help and --version
    const std::string who = compare->parsed() ? "livecca compare" : "livecca";
    return fail(who, std::string(error.what()) + " (see " + who + " --help)");
  }
  return run_compare(arguments);
}
