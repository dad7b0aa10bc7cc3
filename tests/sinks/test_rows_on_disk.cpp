#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "livecca/common/error.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;

namespace {

struct FailingReads {
  int times = 0;   ///< how many reads fail
  int reason = 0;  ///< errno
  int after = 0;   ///< so many that do not
};

thread_local FailingReads failing_reads;

}  // namespace

/// The system's, which fails as often as a test says.
extern "C" [[gnu::visibility("default")]] ssize_t pread(int descriptor, void* into,
                                                        std::size_t bytes, off_t at) {
  if (failing_reads.after > 0) {
    --failing_reads.after;
  } else if (failing_reads.times > 0) {
    --failing_reads.times;
    errno = failing_reads.reason;
    return -1;
  }
  return ::syscall(SYS_pread64, descriptor, into, bytes, at);
}

namespace {

/// Three lines; the last of them torn.
class TornFile {
 public:
  TornFile() { livecca_tests::write_text(path, text); }
  ~TornFile() { failing_reads = {}; }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "rows.jsonl";
  std::string text = "{\"a\":0}\n{\"a\":1}\n{\"a\":";
  std::string whole_lines = "{\"a\":0}\n{\"a\":1}\n";
};

/// 0: it may go on with the file; 3: another one writes it.
int go_on_in_child(const std::filesystem::path& path) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      JsonlFile::at_end_of(path);
    } catch (const Error& refused) {
      ::_exit(std::string(refused.what()).find("another process") != std::string::npos ? 3 : 2);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a file that another process writes is refused") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  const JsonlFile file(path);
  CHECK(go_on_in_child(path) == 3);
}

TEST_CASE_FIXTURE(TornFile, "a read that a signal interrupts is made again") {
  JsonlFile file = JsonlFile::at_end_of(path);
  failing_reads = {.times = 3, .reason = EINTR};
  CHECK(file.take_up("{\"a\":0}"));
  failing_reads = {.times = 3, .reason = EINTR};
  file.cut(text.size());
  CHECK(text_of(path) == whole_lines);
  failing_reads = {.times = 3, .reason = EINTR};
  CHECK(file.last_line() == "{\"a\":1}");
}

TEST_CASE_FIXTURE(TornFile, "a first line that cannot be read is not another run's") {
  JsonlFile file = JsonlFile::at_end_of(path);
  failing_reads = {.times = 1, .reason = EIO};
  const std::string why = livecca_tests::message_of([&] { file.take_up("{\"a\":0}"); });
  CHECK(why ==
        path.string() + ": expected to read this file's first line, got: Input/output error");
  CHECK(file.take_up("{\"a\":0}"));
  CHECK(text_of(path) == text);
}

TEST_CASE_FIXTURE(TornFile,
                  "nothing is cut, and no line is joined to a torn one, on a failed read") {
  JsonlFile file = JsonlFile::at_end_of(path);
  failing_reads = {.times = 1, .reason = EIO};
  const std::string why = livecca_tests::message_of([&] { file.cut(text.size()); });
  CHECK(why.find("expected to read where this file's lines end") != std::string::npos);
  CHECK(text_of(path) == text);
  CHECK(file.size() == text.size());
  for (const int after : {0, 1}) {  // where the line begins, and the line
    CAPTURE(after);
    failing_reads = {.times = 1, .reason = EIO, .after = after};
    CHECK_THROWS_AS(static_cast<void>(file.last_line()), Error);
  }
  file.cut(text.size());
  CHECK(text_of(path) == whole_lines);
}

TEST_CASE_FIXTURE(TornFile, "a file that was shortened is left alone while it cannot be read") {
  JsonlFile file = JsonlFile::at_end_of(path);
  REQUIRE(file.take_up("{\"a\":0}"));
  file.cut(text.size());
  const std::string shortened = whole_lines.substr(0, whole_lines.size() - 2);
  std::filesystem::resize_file(path, shortened.size());
  failing_reads = {.times = 1, .reason = EIO};
  CHECK_FALSE(file.write("{\"a\":2}"));
  CHECK(file.last_error() == "the end of the file cannot be read: Input/output error");
  CHECK(text_of(path) == shortened);
  CHECK(file.lines_waiting() == 1);
  CHECK_FALSE(file.write("{\"a\":3}"));
  CHECK(file.last_error() == "the file was shortened by another; lines are gone");
  CHECK(text_of(path) == "{\"a\":0}\n{\"a\":2}\n{\"a\":3}\n");
  CHECK(file.lines_lost() == 0);
}

TEST_CASE("a file has one writer, whoever opens and closes it meanwhile") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  {
    JsonlFile file(path);
    REQUIRE(file.write("{\"a\":0}"));
    { std::ifstream(path).get(); }
    CHECK(go_on_in_child(path) == 3);
    CHECK(livecca_tests::message_of([&] { JsonlFile::at_end_of(path); }) ==
          path.string() +
              ": expected to be the only one to write this file, got: another process "
              "or monitor that writes it");
    CHECK(go_on_in_child(path) == 3);
    REQUIRE(file.write("{\"a\":1}"));
  }
  CHECK(go_on_in_child(path) == 0);
  CHECK(livecca_tests::read_lines(path).size() == 2);
}

TEST_CASE("a child of fork() writes to nowhere, and does not outlive its parent as a writer") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "rows.jsonl";
  std::array<int, 2> from_child{};
  std::array<int, 2> to_child{};
  REQUIRE(::pipe(from_child.data()) == 0);
  REQUIRE(::pipe(to_child.data()) == 0);
  const pid_t parent = ::fork();
  REQUIRE(parent >= 0);
  if (parent == 0) {
    JsonlFile file(path);
    file.write("{\"a\":0}");
    const pid_t writer = ::getpid();
    if (::fork() == 0) {
      ::close(to_child[1]);
      while (::getppid() == writer) ::usleep(1000);  // nobody has the lock then
      const char written = file.write("{\"a\":\"of the child\"}") ? 'y' : 'n';
      char byte = 0;
      if (::write(from_child[1], &written, 1) != 1) ::_exit(1);
      ::_exit(static_cast<int>(::read(to_child[0], &byte, 1)));  // until the test ends
    }
    ::_exit(0);  // as if it was killed
  }
  int status = 0;
  REQUIRE(::waitpid(parent, &status, 0) == parent);
  REQUIRE(WIFEXITED(status));
  char written = 0;
  REQUIRE(::read(from_child[0], &written, 1) == 1);
  CHECK(written == 'n');
  CHECK(go_on_in_child(path) == 0);
  CHECK(text_of(path) == "{\"a\":0}\n");
  for (const int end : {from_child[0], from_child[1], to_child[0], to_child[1]}) ::close(end);
}

TEST_CASE("lines that another appended stay, and it is said once") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  REQUIRE(file.write("{\"a\":0}"));
  const auto append = [&](const std::string& text) {
    std::ofstream(file.path(), std::ios::app) << text;
  };
  append("{\"foreign\":1}\n");
  CHECK_FALSE(file.write("{\"a\":1}"));
  CHECK(file.last_error() == "lines that another appended to the file; they stay");
  CHECK(file.write("{\"a\":2}"));
  append("half a li");
  CHECK(file.sync());  // all of its own lines are there
  CHECK_FALSE(file.write("{\"a\":3}"));
  CHECK(file.write("{\"a\":4}"));
  CHECK(text_of(file.path()) ==
        "{\"a\":0}\n{\"foreign\":1}\n{\"a\":1}\n{\"a\":2}\nhalf a li\n{\"a\":3}\n{\"a\":4}\n");
  CHECK(file.size() == text_of(file.path()).size());
  CHECK(file.lines_lost() == 0);
}

TEST_CASE("a file that only has another name left begins anew under its own, and it is said") {
  const TemporaryFolder folder;
  JsonlFile file(folder.path() / "rows.jsonl");
  REQUIRE(file.write("{\"kind\":\"first\"}"));
  REQUIRE(file.write("{\"a\":0}"));
  std::filesystem::create_hard_link(file.path(), folder.path() / "backup");
  CHECK(file.write("{\"a\":1}"));
  std::filesystem::remove(file.path());
  CHECK_FALSE(file.sync());
  CHECK_FALSE(file.write("{\"a\":2}"));
  CHECK(file.last_error() == "the file was removed; it was begun anew");
  CHECK(file.write("{\"a\":3}"));
  CHECK(text_of(file.path()) == "{\"kind\":\"first\"}\n{\"a\":2}\n{\"a\":3}\n");
  CHECK(text_of(folder.path() / "backup") == "{\"kind\":\"first\"}\n{\"a\":0}\n{\"a\":1}\n");
}
