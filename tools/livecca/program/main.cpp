#include <signal.h>
#include <unistd.h>

#include <iostream>
#include <string>

#include "program/command_line.hpp"

// What only a process of its own may do: choose its streams and set signal handlers.

namespace {

using namespace livecca::tool;

constexpr int file_became_shorter = 2;

std::string line_of_missing_page;  // made before the handler is set, which may not allocate

/// A mapped file that another program cuts short raises SIGBUS where its pages are missing.
extern "C" void on_missing_page(int) {
  const std::string& line = line_of_missing_page;
  const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(written > 0 ? file_became_shorter : file_became_shorter + 1);
}

void watch_missing_pages(const Command& command) {
  line_of_missing_page =
      called(command) + ": expected files that stay as they are, got one that became shorter\n";
  struct sigaction action {};
  action.sa_handler = on_missing_page;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  // A limit on the size of files is then an error of the write, as a full disk is, and not the end.
  ::signal(SIGXFSZ, SIG_IGN);
  const CommandLine line = read_command_line(argc, argv);
  if (!line.command) return line.status;
  watch_missing_pages(*line.command);
  return run_command(*line.command, std::cout, std::cerr);
}
