// Lets one allocation of a training fail, each in a process of its own, and says what came of it.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "outcome.hpp"
#include "training.hpp"

namespace livecca_tests {
namespace {

namespace fs = std::filesystem;

constexpr unsigned longest_seconds = 20;
constexpr std::array<const char*, 5> names{"equal rows", "rows missing, told by an event",
                                           "rows missing or wrong, not told",
                                           "exception on a training thread", "crash"};

struct Options {
  fs::path folder;
  std::size_t allocations = 4000;
  std::uint64_t seed = 1;
  std::size_t most_crashes = 0;
  bool is_verbose = false;
  long here = 0;  ///< one allocation in this process, for a debugger; negative: with threads
};

/// Trains in a child. Its exit status, or minus the signal.
int status_of_child(const SweptTraining& training, std::uint64_t* made) {
  std::array<int, 2> pipe_ends{};
  if (::pipe(pipe_ends.data()) != 0) throw std::runtime_error("expected a pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("expected a process");
  if (child == 0) {
    ::alarm(longest_seconds);
    std::uint64_t count = 0;
    const auto ending = static_cast<int>(train(training, count));
    const bool is_written = ::write(pipe_ends[1], &count, sizeof count) == sizeof count;
    ::_exit(is_written ? ending : 1);
  }
  ::close(pipe_ends[1]);
  std::uint64_t count = 0;
  const bool is_read = ::read(pipe_ends[0], &count, sizeof count) == sizeof count;
  if (made != nullptr && is_read) *made = count;
  ::close(pipe_ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("expected the child to end");
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

Outcome outcome_of(const SweptTraining& training, const RunRows& expected, std::string& why) {
  fs::remove_all(training.folder);
  const int status = status_of_child(training, nullptr);
  if (status == static_cast<int>(Ending::threw)) return Outcome::threw;
  if (status != 0) {
    why = "status " + std::to_string(status);
    return Outcome::crashed;
  }
  return compare(expected, RunRows::of(training.folder), why);
}

/// All allocations of a training, or so many of them that are drawn by the seed.
std::set<std::uint64_t> chosen(std::uint64_t made, std::size_t count, std::mt19937_64& random) {
  std::set<std::uint64_t> result;
  while (result.size() < std::min<std::size_t>(count, made)) {
    result.insert(std::uniform_int_distribution<std::uint64_t>(1, made)(random));
  }
  return result;
}

std::array<std::size_t, names.size()> sweep(const Options& options) {
  std::array<std::size_t, names.size()> counts{};
  std::mt19937_64 random(options.seed);
  for (const bool synchronous : {true, false}) {
    SweptTraining training{.folder = options.folder / "expected", .synchronous = synchronous};
    fs::remove_all(training.folder);
    std::uint64_t made = 0;
    if (status_of_child(training, &made) != 0) {
      throw std::runtime_error("expected the training without a failure to end well");
    }
    const RunRows expected = RunRows::of(training.folder);
    if (expected.numbers.empty()) throw std::runtime_error("expected rows");
    std::printf("%s: %llu allocations, %zu rows\n", synchronous ? "synchronous" : "with threads",
                static_cast<unsigned long long>(made), expected.numbers.size());
    training.folder = options.folder / "failed";
    std::string difference;
    if (outcome_of(training, expected, difference) != Outcome::equal) {
      throw std::runtime_error("expected two trainings without a failure to be equal, got " +
                               difference);
    }
    for (const std::uint64_t number : chosen(made, options.allocations / 2, random)) {
      training.failing = number;
      std::string why;
      const Outcome outcome = outcome_of(training, expected, why);
      ++counts[static_cast<std::size_t>(outcome)];
      if (outcome <= Outcome::told && !options.is_verbose) continue;
      std::printf("  allocation %llu: %s %s\n", static_cast<unsigned long long>(number),
                  names[static_cast<std::size_t>(outcome)], why.c_str());
    }
  }
  return counts;
}

Options options_of(int argc, char** argv) {
  Options options;
  if (argc < 2) throw std::runtime_error("expected a folder");
  options.folder = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&] {
      if (++i >= argc) throw std::runtime_error("expected a number after " + name);
      return std::stol(argv[i]);
    };
    if (name == "--allocations") {
      options.allocations = static_cast<std::size_t>(value());
    } else if (name == "--seed") {
      options.seed = static_cast<std::uint64_t>(value());
    } else if (name == "--crashes") {
      options.most_crashes = static_cast<std::size_t>(value());
    } else if (name == "--here") {
      options.here = value();
    } else if (name == "--verbose") {
      options.is_verbose = true;
    } else {
      throw std::runtime_error(
          "expected --allocations, --seed, --crashes, --here or --verbose, got " + name);
    }
  }
  return options;
}

int run(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  fs::create_directories(options.folder);
  if (options.here != 0) {
    std::uint64_t made = 0;
    fs::remove_all(options.folder / "here");
    return static_cast<int>(train({.folder = options.folder / "here",
                                   .synchronous = options.here > 0,
                                   .failing = static_cast<std::uint64_t>(std::abs(options.here))},
                                  made));
  }
  const auto counts = sweep(options);
  std::printf("one failed allocation each, seed %llu:\n",
              static_cast<unsigned long long>(options.seed));
  std::size_t bad = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::printf("%6zu  %s\n", counts[i], names[i]);
    const bool is_bad = i > static_cast<std::size_t>(Outcome::told);
    const bool is_crash = i == static_cast<std::size_t>(Outcome::crashed);
    if (is_bad) bad += is_crash ? counts[i] - std::min(counts[i], options.most_crashes) : counts[i];
  }
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace livecca_tests

int main(int argc, char** argv) {
  try {
    return livecca_tests::run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "livecca_allocation_sweep: %s\n", failure.what());
    return 2;
  }
}
