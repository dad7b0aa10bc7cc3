// livecca_damaged_files FOLDER [--count N] [--seed N] [--kind KIND]
//     reads N damaged files of each kind, and compares with the files before they were damaged
// livecca_damaged_files FOLDER --kind KIND --here INDEX [--seed N]
//     reads one of them again in its own process, for a debugger
#include <cstdio>
#include <exception>
#include <filesystem>

#include "sweep.hpp"

namespace livecca_tests {
namespace {

namespace fs = std::filesystem;

bool print_table(const std::vector<std::pair<std::string, Counts>>& table) {
  bool is_good = true;
  std::printf("%-12s%8s%8s%18s%8s%9s%6s\n", "kind", "files", "same", "refused or told", "silent",
              "crashed", "hung");
  for (const auto& [kind, counts] : table) {
    const auto count = [&](Outcome outcome) { return counts[static_cast<std::size_t>(outcome)]; };
    const std::size_t bad = count(Outcome::silent) + count(Outcome::crashed) + count(Outcome::hung);
    const std::size_t good = count(Outcome::same) + count(Outcome::told);
    std::printf("%-12s%8zu%8zu%18zu%8zu%9zu%6zu\n", kind.c_str(), good + bad, count(Outcome::same),
                count(Outcome::told), count(Outcome::silent), count(Outcome::crashed),
                count(Outcome::hung));
    is_good &= bad == 0;
  }
  return is_good;
}

int run(const SweepOptions& options) {
  if (options.is_here) {
    for (const NamedKind& kind : file_kinds()) {
      if (kind.name == options.kind) return read_here(kind, options) > Outcome::told ? 1 : 0;
    }
  }
  fs::remove_all(options.folder / "failed");
  fs::create_directories(options.folder / "failed");
  // In a child: threads that a monitor started would not be there in the children that follow.
  run_in_child([&] { write_valid_files(options.folder / "valid"); });
  std::vector<std::pair<std::string, Counts>> table;
  for (const NamedKind& kind : file_kinds()) {
    if (!options.kind.empty() && kind.name != options.kind) continue;
    table.emplace_back(kind.name, sweep(kind, options));
  }
  std::printf("one damage each, seed %llu:\n", static_cast<unsigned long long>(options.seed));
  return print_table(table) ? 0 : 1;
}

}  // namespace
}  // namespace livecca_tests

int main(int argc, char** argv) {
  try {
    return livecca_tests::run(livecca_tests::sweep_options(argc, argv));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "livecca_damaged_files: %s\n", failure.what());
    return 2;
  }
}
