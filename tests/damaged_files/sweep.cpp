#include "sweep.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <random>
#include <span>
#include <stdexcept>
#include <string>

#include "damage.hpp"
#include "support/file_text.hpp"

namespace livecca_tests {
namespace {

constexpr unsigned longest_seconds = 10;
/// So many files are read by one child: what one leaves behind should not grow without end.
constexpr std::size_t files_per_child = 500;

/// Outcomes that children write and their parent reads.
class SharedOutcomes {
 public:
  explicit SharedOutcomes(std::size_t count) : bytes_(count + sizeof(std::size_t)) {
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("expected memory that processes share");
  }
  ~SharedOutcomes() { ::munmap(memory_, bytes_); }
  SharedOutcomes(const SharedOutcomes&) = delete;
  SharedOutcomes& operator=(const SharedOutcomes&) = delete;

  /// How many are known: one after the other, so that it is also the index of the next.
  std::size_t known() const { return *static_cast<const std::size_t*>(memory_); }
  void add(Outcome outcome) {
    list()[known()] = outcome;
    ++*static_cast<std::size_t*>(memory_);
  }
  std::span<const Outcome> all() const {
    return {const_cast<SharedOutcomes*>(this)->list(), known()};
  }

 private:
  Outcome* list() {
    return reinterpret_cast<Outcome*>(static_cast<std::byte*>(memory_) + sizeof(std::size_t));
  }

  std::size_t bytes_;
  void* memory_;
};

/// A damaged file, made from its number alone.
struct DamagedFile {
  std::size_t file;
  Damage damage;
};

DamagedFile make(const FileKind& kind, std::uint64_t seed, std::size_t index) {
  std::seed_seq mixed{seed, std::uint64_t{index}};
  std::mt19937_64 random(mixed);
  const auto& files = kind.files();
  const std::size_t file = std::uniform_int_distribution<std::size_t>(0, files.size() - 1)(random);
  return {file, damaged(files[file].second, random)};
}

bool is_good(Outcome outcome) { return outcome == Outcome::same || outcome == Outcome::told; }

void print(const NamedKind& kind, std::size_t index, Outcome outcome, const std::string& what) {
  std::printf("  %s %zu: %s%s\n", kind.name, index, name_of(outcome), what.c_str());
  std::fflush(stdout);
}

/// What was damaged, how, and what was read instead; the file is kept.
std::string described(const FileKind& kind, const DamagedFile& made, const std::string& why) {
  return " (" + kind.files()[made.file].first + ", " + made.damage.how + "): " + why.substr(0, 300);
}

void read_some(const NamedKind& named, const SweepOptions& options, SharedOutcomes& shared) {
  const auto kind = named.open(options.folder / "valid");
  const std::size_t end = std::min(options.count, shared.known() + files_per_child);
  while (shared.known() < end) {
    const std::size_t index = shared.known();
    const DamagedFile made = make(*kind, options.seed, index);
    std::string why;
    ::alarm(longest_seconds);
    const Outcome outcome = kind->read(made.file, made.damage.bytes, why);
    ::alarm(0);
    if (!is_good(outcome)) {
      print(named, index, outcome, described(*kind, made, why));
      const auto name = std::string(named.name) + "-" + std::to_string(index);
      write_text(options.folder / "failed" / name, made.damage.bytes);
    }
    shared.add(outcome);
  }
}

/// The exit status of a child, or minus the signal that ended it.
int status_of_child(const std::function<void()>& work) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("expected a process");
  if (child == 0) {
    int status = 0;
    try {
      work();
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "%s\n", failure.what());
      status = 1;
    }
    std::fflush(nullptr);
    ::_exit(status);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("expected a child to end");
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::same:
      return "same";
    case Outcome::told:
      return "refused or told";
    case Outcome::silent:
      return "silent";
    case Outcome::crashed:
      return "crashed";
    case Outcome::hung:
      return "hung";
  }
  return "";
}

void run_in_child(const std::function<void()>& work) {
  const int status = status_of_child(work);
  if (status != 0) throw std::runtime_error("a child ended with " + std::to_string(status));
}

Counts sweep(const NamedKind& kind, const SweepOptions& options) {
  SharedOutcomes shared(options.count);
  while (shared.known() < options.count) {
    const std::size_t before = shared.known();
    const int status = status_of_child([&] { read_some(kind, options, shared); });
    if (status == 0) continue;
    if (shared.known() == before && before == 0) {
      // May be the fault of the undamaged files, which would crash every child.
      run_in_child([&] { kind.open(options.folder / "valid"); });
    }
    const Outcome outcome = status == -SIGALRM ? Outcome::hung : Outcome::crashed;
    print(kind, shared.known(), outcome, ", status " + std::to_string(status));
    shared.add(outcome);
  }
  Counts counts{};
  for (const Outcome outcome : shared.all()) ++counts[static_cast<std::size_t>(outcome)];
  return counts;
}

Outcome read_here(const NamedKind& named, const SweepOptions& options) {
  const auto kind = named.open(options.folder / "valid");
  const DamagedFile made = make(*kind, options.seed, options.index);
  std::string why;
  const Outcome outcome = kind->read(made.file, made.damage.bytes, why);
  print(named, options.index, outcome, described(*kind, made, why));
  return outcome;
}

}  // namespace livecca_tests
