#include <doctest/doctest.h>

#include <algorithm>

#include "common/files/list_folder.hpp"
#include "support/failing_listing.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;

TEST_CASE("a folder is listed wholly, or not at all") {
  const livecca_tests::TemporaryFolder folder;
  std::vector<std::filesystem::path> expected;
  for (const char* name : {"a", "b", "c"}) {
    expected.push_back(folder.path() / name);
    livecca_tests::write_text(expected.back(), name);
  }
  std::vector<std::filesystem::path> entries;
  CHECK_FALSE(list_folder(folder.path(), entries));
  std::ranges::sort(entries);
  CHECK(entries == expected);
  for (int read = 0; read <= 5; ++read) {  // "." and ".." count
    CAPTURE(read);
    const livecca_tests::FailingListing failing(read);
    CHECK(list_folder(folder.path(), entries) == std::errc::io_error);
    CHECK(entries.empty());
  }
  CHECK(list_folder(folder.path() / "none", entries) == std::errc::no_such_file_or_directory);
  CHECK_FALSE(list_folder(folder.path(), entries));
  CHECK(entries.size() == 3);
}
