#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "common/files/input_file.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using livecca::InputFile;
using livecca_tests::TemporaryFolder;
using livecca_tests::write_text;
namespace fs = std::filesystem;

namespace {

/// `count` bytes from `offset` on, or the reason in place of them.
std::string read(const InputFile& file, std::uint64_t offset, std::size_t count) {
  std::string text(count, '?');
  const auto done = file.read(offset, std::as_writable_bytes(std::span(text)));
  return done ? text : done.why();
}

}  // namespace

TEST_CASE("a file is read from any place") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  write_text(path, "0123456789");
  const auto file = InputFile::open(path);
  REQUIRE(file);
  CHECK(file->size() == 10);
  CHECK(file->path() == path);
  CHECK(read(*file, 0, 10) == "0123456789");
  CHECK(read(*file, 7, 3) == "789");
  CHECK(read(*file, 2, 1) == "2");
  CHECK(read(*file, 10, 0).empty());
}

TEST_CASE(
    "a file that was moved to another object is read there, and one that was replaced closed") {
  const TemporaryFolder folder;
  write_text(folder.path() / "a", "aaaa");
  write_text(folder.path() / "b", "bb");
  auto a = InputFile::open(folder.path() / "a");
  auto b = InputFile::open(folder.path() / "b");
  REQUIRE(a);
  REQUIRE(b);
  *a = std::move(*b);
  CHECK(a->size() == 2);
  CHECK(read(*a, 0, 2) == "bb");
  const InputFile moved = std::move(*a);
  CHECK(read(moved, 0, 2) == "bb");
}

TEST_CASE("bytes that a file does not hold are not read, and the line says how many there are") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  write_text(path, "0123456789");
  const auto file = InputFile::open(path);
  REQUIRE(file);
  const std::string begin = path.string() + ": expected ";
  CHECK(read(*file, 0, 11) == begin + "11 bytes at byte 0, got: a file of 10 bytes");
  CHECK(read(*file, 10, 1) == begin + "1 bytes at byte 10, got: a file of 10 bytes");
  CHECK(read(*file, ~std::uint64_t{0}, 2) ==
        begin + "2 bytes at byte 18446744073709551615, got: a file of 10 bytes");
  fs::resize_file(path, 5);
  CHECK(read(*file, 2, 3) == "234");
  CHECK(read(*file, 2, 4) ==
        begin + "4 bytes at byte 2, got: a file that was cut short since it was opened");
}

TEST_CASE("what is no file is not opened") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "folder");
  write_text(folder.path() / "file", "");
  REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  struct Refused {
    const char* path;
    const char* got;
  };
  for (const auto& [name, got] :
       {Refused{"missing", "No such file or directory"}, Refused{"file/below", "Not a directory"},
        Refused{"folder", "a folder"}, Refused{"pipe", "something that is not a regular file"}}) {
    const fs::path path = folder.path() / name;
    CHECK(InputFile::open(path).why() == path.string() + ": expected a file to read, got: " + got);
  }
}

TEST_CASE("a file that may not be read is not opened") {
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may read everything");
    return;
  }
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  write_text(path, "text");
  fs::permissions(path, fs::perms::none);
  CHECK(InputFile::open(path).why() ==
        path.string() + ": expected a file to read, got: Permission denied");
}
