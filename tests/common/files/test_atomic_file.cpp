#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/atomic_file.hpp"
#include "support/file_size_limit.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using livecca::AtomicFile;
using livecca_tests::files_in;
using livecca_tests::FileSizeLimit;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;
using livecca_tests::write_text;
using Sync = livecca::AtomicFile::Sync;
namespace fs = std::filesystem;

namespace {

/// Calls of fsync() in this program so far, and the one that is to fail; 0 for none.
int syncs = 0;
int failing_sync = 0;

}  // namespace

/// Stands in for the system's: whether it is called, and what comes of an error, shows nowhere
/// else.
extern "C" int fsync(int descriptor) {
  if (++syncs == failing_sync) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// Writes `text` and commits it; the reason if that fails.
std::string write_whole(const fs::path& path, std::string_view text, Sync sync = Sync::none) {
  AtomicFile file(path);
  const auto written = file.write(bytes_of(text));
  return written ? file.commit(sync).why() : written.why();
}

mode_t mode_of(const fs::path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a file has its name only when it is committed") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  for (const Sync sync : {Sync::none, Sync::disk}) {
    fs::remove(path);
    AtomicFile file(path);
    CHECK(files_in(folder.path()).size() == 0);
    CHECK(file.write(bytes_of("one ")));
    CHECK(file.write(bytes_of("two")));
    CHECK_FALSE(fs::exists(path));
    CHECK(file.commit(sync));
    CHECK(text_of(path) == "one two");
    CHECK(files_in(folder.path()).size() == 1);
  }
}

TEST_CASE("bytes may be written out of order, and appending goes on behind the furthest") {
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "file");
  CHECK(file.write_at(4, bytes_of("data")));
  CHECK(file.write_at(0, bytes_of("he")));
  CHECK(file.write(bytes_of("more")));
  CHECK(file.write_at(100, {}));
  CHECK(file.commit(Sync::none));
  CHECK(text_of(file.path()) == std::string("he\0\0datamore", 12));
}

TEST_CASE("a file is replaced at once: who has the old one open keeps it") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  REQUIRE(write_whole(path, "old").empty());
  std::ifstream old(path);
  CHECK(write_whole(path, "new", Sync::disk).empty());
  CHECK(text_of(path) == "new");
  CHECK(std::string(std::istreambuf_iterator<char>(old), {}) == "old");
  CHECK(files_in(folder.path()).size() == 1);
}

TEST_CASE("a file in the working folder needs no folder in its path") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  const std::string why = write_whole("file", "text", Sync::disk);
  fs::current_path(before);
  CHECK(why.empty());
  CHECK(text_of(folder.path() / "file") == "text");
}

TEST_CASE("a file that nothing was written to is empty") {
  const TemporaryFolder folder;
  AtomicFile file(folder.path() / "file");
  CHECK(file.commit(Sync::none));
  CHECK(fs::file_size(file.path()) == 0);
}

TEST_CASE("what was not committed leaves nothing") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  REQUIRE(write_whole(path, "old").empty());
  {
    AtomicFile file(path);
    CHECK(file.write(bytes_of("new")));
    CHECK(files_in(folder.path()).size() == 2);
  }
  CHECK(files_in(folder.path()).size() == 1);
  CHECK(text_of(path) == "old");
}

TEST_CASE("writers of one path do not meet, and the last to commit stays") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  AtomicFile a(path);
  AtomicFile b(path);
  CHECK(a.write(bytes_of("a begins, ")));
  CHECK(b.write(bytes_of("b begins, ")));
  CHECK(a.write(bytes_of("a ends")));
  CHECK(b.write(bytes_of("b ends")));
  CHECK(b.commit(Sync::none));
  CHECK(text_of(path) == "b begins, b ends");
  CHECK(a.commit(Sync::none));
  CHECK(text_of(path) == "a begins, a ends");
  CHECK(files_in(folder.path()).size() == 1);
}

TEST_CASE("a temporary that a killed process left behind is passed over") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  // The names count up, so the next ones are known from one that is there.
  fs::path temporary;
  AtomicFile seen(path);
  REQUIRE(seen.write(bytes_of("x")));
  temporary = fs::directory_iterator(folder.path())->path();
  const std::string name = temporary.filename().string();
  const std::size_t number = name.rfind('-') + 1;
  const unsigned long count = std::stoul(name.substr(number));
  for (unsigned long i = 1; i <= 3; ++i) {
    write_text(folder.path() / (name.substr(0, number) + std::to_string(count + i) + ".tmp"),
               "old");
  }
  CHECK(write_whole(path, "new").empty());
  CHECK(text_of(path) == "new");
  CHECK(files_in(folder.path()).size() == 5);
}

TEST_CASE("a name may be as long as the file system takes it, and no longer") {
  const TemporaryFolder folder;
  const fs::path longest = folder.path() / std::string(255, 'n');
  CHECK(write_whole(longest, "text").empty());
  CHECK(text_of(longest) == "text");
  const fs::path too_long = folder.path() / std::string(256, 'n');
  CHECK(write_whole(too_long, "text") ==
        too_long.string() + ": expected to write, got: File name too long");
}

TEST_CASE("permissions are those of any new file, under the umask") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0022);
  CHECK(write_whole(folder.path() / "usual", "text").empty());
  ::umask(0077);
  CHECK(write_whole(folder.path() / "private", "text").empty());
  ::umask(before);
  CHECK(mode_of(folder.path() / "usual") == 0644);
  CHECK(mode_of(folder.path() / "private") == 0600);
}

TEST_CASE("a path that no file can have is refused before anything is written") {
  const TemporaryFolder folder;
  write_text(folder.path() / "file", "old");
  fs::create_directory(folder.path() / "folder");
  REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  struct Refused {
    const char* path;
    const char* got;
  };
  for (const auto& [name, got] :
       {Refused{"missing/file", "No such file or directory"}, Refused{"folder", "Is a directory"},
        Refused{"file/below", "Not a directory"}, Refused{"pipe", "Not a regular file"}}) {
    const fs::path path = folder.path() / name;
    const std::string expected = path.string() + ": expected to write, got: " + got;
    CHECK(write_whole(path, "text") == expected);
    AtomicFile empty(path);
    CHECK(empty.commit(Sync::disk).why() == expected);
  }
  CHECK(files_in(folder.path()).size() == 3);
  CHECK(files_in(folder.path() / "folder").size() == 0);
  CHECK(text_of(folder.path() / "file") == "old");
}

TEST_CASE(
    "a full disk leaves the old file and no temporary, and the first reason is the last word") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  REQUIRE(write_whole(path, "old").empty());
  const std::string expected = path.string() + ": expected to write, got: File too large";
  AtomicFile file(path);
  std::string first;
  {
    const FileSizeLimit limit(10);
    // The kernel takes ten of these bytes, and nothing of what is left.
    first = file.write(bytes_of("a file of twenty-two b")).why();
  }
  const std::string second = file.write(bytes_of("x")).why();
  const std::string third = file.commit(Sync::none).why();
  for (const std::string& why : {first, second, third}) CHECK(why == expected);
  CHECK(files_in(folder.path()).size() == 1);
  CHECK(text_of(path) == "old");
}

TEST_CASE("a commit to the disk syncs the file and then its folder, any other neither") {
  const TemporaryFolder folder;
  syncs = 0;
  CHECK(write_whole(folder.path() / "file", "text", Sync::none).empty());
  CHECK(syncs == 0);
  CHECK(write_whole(folder.path() / "file", "text", Sync::disk).empty());
  CHECK(syncs == 2);
}

TEST_CASE(
    "what cannot be synced is a failure, and before the file has its name leaves the old one") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  for (const int failing : {1, 2}) {
    REQUIRE(write_whole(path, "old").empty());
    syncs = 0;
    failing_sync = failing;
    const std::string why = write_whole(path, "new", Sync::disk);
    failing_sync = 0;
    CHECK(why == path.string() + ": expected to write, got: Input/output error");
    CHECK(text_of(path) == (failing == 1 ? "old" : "new"));
    CHECK(files_in(folder.path()).size() == 1);
  }
}

TEST_CASE("an offset beyond what a file can have is refused") {
  const TemporaryFolder folder;
  for (const std::uint64_t offset : {~std::uint64_t{0}, ~std::uint64_t{0} / 2}) {
    AtomicFile file(folder.path() / "file");
    CHECK(file.write_at(offset, bytes_of("text")).why() ==
          file.path().string() + ": expected to write, got: File too large");
  }
  CHECK(files_in(folder.path()).size() == 0);
}

TEST_CASE("a folder that took the name meanwhile stays, and the temporary goes") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "name";
  AtomicFile file(path);
  CHECK(file.write(bytes_of("text")));
  fs::create_directory(path);
  CHECK(file.commit(Sync::disk).why() ==
        path.string() + ": expected to write, got: Is a directory");
  CHECK(fs::is_directory(path));
  CHECK(files_in(folder.path()).size() == 1);
}

TEST_CASE("a folder that was removed meanwhile is a reason, not a crash") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "folder" / "file";
  fs::create_directory(path.parent_path());
  for (const Sync sync : {Sync::none, Sync::disk}) {
    fs::create_directory(path.parent_path());
    AtomicFile file(path);
    CHECK(file.write(bytes_of("text")));
    fs::remove_all(path.parent_path());
    CHECK(file.commit(sync).why() ==
          path.string() + ": expected to write, got: No such file or directory");
  }
}

TEST_CASE("after the commit nothing is written any more") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  AtomicFile file(path);
  CHECK(file.write(bytes_of("text")));
  CHECK(file.commit(Sync::none));
  CHECK(file.write(bytes_of("more")).why() ==
        path.string() + ": expected to write, got: the file was committed before");
  CHECK_FALSE(file.commit(Sync::none));
  CHECK(text_of(path) == "text");
}
