#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstdint>
#include <limits>

#include "common/files/descriptor.hpp"
#include "common/files/write_bytes.hpp"
#include "support/file_size_limit.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::FileSizeLimit;
using livecca_tests::TemporaryFolder;
using livecca_tests::text_of;

namespace {

constexpr const char* what_stays = ", and the rest stays";

Descriptor created(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
}

}  // namespace

TEST_CASE("what is appended lies behind what was there") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  const Descriptor file = created(path);
  CHECK(append_or_cut_back(file.number(), 0, "one\n", what_stays).empty());
  CHECK(append_or_cut_back(file.number(), 4, "two\n", what_stays).empty());
  CHECK(text_of(path) == "one\ntwo\n");
}

TEST_CASE("what the disk takes in part is cut off again") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  const Descriptor file = created(path);
  CHECK(append_or_cut_back(file.number(), 0, "one\n", what_stays).empty());
  {
    const FileSizeLimit limit(6);
    CHECK(append_or_cut_back(file.number(), 4, "two\n", what_stays) == "File too large");
  }
  CHECK(text_of(path) == "one\n");
}

TEST_CASE("a file that can be neither written nor cut says that the rest stays") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  livecca_tests::write_text(path, "one\n");
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(append_or_cut_back(file.number(), 4, "two\n", what_stays) ==
        "Bad file descriptor, and the rest stays");
}

TEST_CASE("an offset beyond what a file can have is refused") {
  const TemporaryFolder folder;
  const Descriptor file = created(folder.path() / "file");
  const std::byte byte{};
  CHECK_FALSE(
      write_all(file.number(), std::span(&byte, 1), std::numeric_limits<std::uint64_t>::max()));
}
