#include <dlfcn.h>
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "livecca_libtorch/checkpoint.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using livecca::libtorch::CheckpointValue;
using livecca::libtorch::resume_or_start;
using livecca::libtorch::resume_or_start_with;
using livecca::libtorch::save_checkpoint;
using livecca_tests::message_of;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;
using livecca_tests::write_text;

namespace {

/// How fsync() fails for this thread; it takes the place of the system's in the whole executable.
struct FailingSync {
  int times = 0;
  int reason = 0;
  bool only_folders = false;
};
thread_local FailingSync failing_sync;

livecca::MonitorOptions folder_options(const TemporaryFolder& folder) {
  livecca::MonitorOptions options;
  options.run_directory = folder.path() / "run";
  options.synchronous = true;
  return options;
}

std::filesystem::path checkpoint_of(const TemporaryFolder& folder) {
  return folder.path() / "checkpoint";
}

std::unique_ptr<livecca::Monitor> begin_in(const TemporaryFolder& folder) {
  std::int64_t epoch = 0;
  return resume_or_start(folder_options(folder), checkpoint_of(folder), epoch);
}

std::size_t lines_of(const TemporaryFolder& folder) {
  return livecca_tests::read_lines(folder.path() / "run" / "rows.jsonl").size();
}

/// A process that ends while it saves the first value of its first checkpoint.
void kill_before_first_checkpoint(const TemporaryFolder& folder) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::int64_t epoch = 0;
    CheckpointValue value(epoch);
    value.save = [](torch::serialize::OutputArchive&) { ::kill(::getpid(), SIGKILL); };
    resume_or_start_with(folder_options(folder), checkpoint_of(folder), {value});
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int fsync(int file) {
  struct stat facts {};
  ::fstat(file, &facts);
  if (failing_sync.times > 0 && (!failing_sync.only_folders || S_ISDIR(facts.st_mode))) {
    --failing_sync.times;
    errno = failing_sync.reason;
    return -1;
  }
  return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fsync"))(file);
}

TEST_CASE("saving a checkpoint removes the one before, and nothing else in its folder") {
  const TemporaryFolder folder;
  const auto checkpoint = checkpoint_of(folder);
  // By hand, by another program, or with notes of the user's.
  const std::vector<std::filesystem::path> others = {
      checkpoint / "100" / "checkpoint.json", checkpoint / "7" / "training.pt",
      checkpoint / "livecca-checkpoint-old" / "training.pt",
      checkpoint / "livecca-checkpoint-2" / "notes.txt"};
  for (const auto& other : others) {
    std::filesystem::create_directories(other.parent_path());
    write_text(other, "mine");
  }
  const auto monitor = begin_in(folder);
  std::int64_t epoch = 1;
  for (int i = 0; i < 3; ++i) {
    const auto saved = save_checkpoint(*monitor, checkpoint, epoch);
    REQUIRE_MESSAGE(saved, saved.why());
  }
  for (const auto& other : others) CHECK(text_of(other) == "mine");
  CHECK(std::filesystem::read_symlink(checkpoint / "latest") == "livecca-checkpoint-5");
  CHECK(livecca_tests::files_in(checkpoint).size() == others.size() + 2);
}

TEST_CASE("a process that is killed before its first checkpoint leaves a run that can be begun") {
  const TemporaryFolder undisturbed;
  begin_in(undisturbed)->finish();
  const TemporaryFolder folder;
  kill_before_first_checkpoint(folder);
  REQUIRE(std::filesystem::exists(folder.path() / "run" / "rows.jsonl"));
  kill_before_first_checkpoint(folder);
  begin_in(folder)->finish();
  CHECK(lines_of(folder) == lines_of(undisturbed));
  CHECK(livecca_tests::files_in(checkpoint_of(folder)) ==
        livecca_tests::files_in(checkpoint_of(undisturbed)));
  std::int64_t epoch = 7;
  resume_or_start(folder_options(folder), checkpoint_of(folder), epoch);
  CHECK(epoch == 0);
}

TEST_CASE("a first checkpoint that cannot be written leaves a run that can be begun") {
  const TemporaryFolder folder;
  std::int64_t epoch = 0;
  CheckpointValue value(epoch);
  value.save = [](torch::serialize::OutputArchive&) { throw std::runtime_error("disk full"); };
  const std::string message = message_of(
      [&] { resume_or_start_with(folder_options(folder), checkpoint_of(folder), {value}); });
  CHECK(message ==
        checkpoint_of(folder).string() + ": expected to write a checkpoint, got: disk full");
  CHECK(begin_in(folder) != nullptr);
}

TEST_CASE("a run with numbers is never begun again, nor one that another is writing") {
  const TemporaryFolder folder;
  kill_before_first_checkpoint(folder);
  const auto rows = folder.path() / "run" / "rows.jsonl";
  {
    std::filesystem::remove_all(folder.path() / "run");
    livecca::Monitor other(folder_options(folder));
    const std::string text = text_of(rows);
    CHECK(message_of([&] { begin_in(folder); }).find("rows.jsonl") != std::string::npos);
    CHECK(text_of(rows) == text);
    other.log(0, "loss", 1);
    other.finish();
  }
  const std::string trained = text_of(rows);
  CHECK(message_of([&] { begin_in(folder); }).find("the rows of a run already") !=
        std::string::npos);
  CHECK(text_of(rows) == trained);
}

TEST_CASE("a link that is not a checkpoint's is an error, and not the same as none") {
  const TemporaryFolder folder;
  const auto latest = checkpoint_of(folder) / "latest";
  const auto monitor = begin_in(folder);
  std::int64_t epoch = 3;
  const auto expect_refused = [&](const std::string& got) {
    const std::string why =
        latest.string() +
        ": expected a link to a checkpoint, livecca-checkpoint-1 or another number, got " + got;
    CHECK(message_of([&] { begin_in(folder); }) == why);
    const auto saved = save_checkpoint(*monitor, checkpoint_of(folder), epoch);
    REQUIRE_FALSE(saved);
    CHECK(saved.why().ends_with("got: " + why));
  };
  std::filesystem::remove(latest);
  std::filesystem::create_symlink("livecca-checkpoint-1x", latest);
  expect_refused("livecca-checkpoint-1x");
  std::filesystem::remove(latest);
  std::filesystem::create_directories(latest);
  expect_refused("Invalid argument");
}

TEST_CASE("a checkpoint waits for the disk through signals, and says what the disk refuses") {
  const TemporaryFolder folder;
  const auto monitor = begin_in(folder);
  std::int64_t epoch = 1;
  const auto save = [&](const FailingSync& failing) {
    failing_sync = failing;
    const auto saved = save_checkpoint(*monitor, checkpoint_of(folder), epoch);
    failing_sync = {};
    return saved ? std::string() : saved.why();
  };
  CHECK(save({.times = 3, .reason = EINTR}).empty());
  CHECK(save({.times = 100, .reason = EINVAL, .only_folders = true}).empty());
  CHECK(save({.times = 1, .reason = EINVAL}).find("Invalid argument") != std::string::npos);
  CHECK(save({.times = 1, .reason = EIO}).find("Input/output error") != std::string::npos);
}

TEST_CASE("numbers of all types come back from a checkpoint") {
  const TemporaryFolder folder;
  double best_loss = 0.1;
  float rate = 0.25F;
  bool is_warm = true;
  std::size_t step = 12;
  {
    const auto monitor = resume_or_start(folder_options(folder), checkpoint_of(folder), best_loss,
                                         rate, is_warm, step);
  }
  best_loss = rate = 0;
  is_warm = false;
  step = 0;
  resume_or_start(folder_options(folder), checkpoint_of(folder), best_loss, rate, is_warm, step);
  CHECK(best_loss == 0.1);
  CHECK(rate == 0.25F);
  CHECK(is_warm);
  CHECK(step == 12);
}
