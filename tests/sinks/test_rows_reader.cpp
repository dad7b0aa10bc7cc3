#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "full_rows.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/line_checksum.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using namespace livecca_tests;

namespace {

/// A rows.jsonl that a reader follows.
class FollowedRows {
 public:
  void add(const AnyRow& row) { add_text(text_of(row) + "\n"); }
  void add_text(const std::string& text) const {
    std::ofstream(path(), std::ios::binary | std::ios::app) << text;
  }
  std::filesystem::path path() const { return folder_.path() / "rows.jsonl"; }
  std::filesystem::path folder() const { return folder_.path(); }

  void open(RowsReaderOptions options = {}) {
    auto opened = RowsReader::open(folder(), options);
    REQUIRE_MESSAGE(opened, opened.why());
    reader = *std::move(opened);
  }

  /// The rows that came; forgets those of before where the file is read anew.
  bool read() {
    news.clear();
    const auto came = reader->read([this](RowLine&& line) { news.push_back(line.row); },
                                   [this] {
                                     news.clear();
                                     ++starts;
                                   });
    REQUIRE_MESSAGE(came, came.why());
    return *came;
  }

  std::optional<RowsReader> reader;
  std::vector<AnyRow> news;
  int starts = 0;

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("a file that grows is read from where the last read ended") {
  FollowedRows rows;
  rows.add(full_run());
  rows.open();
  CHECK(rows.read());
  CHECK((rows.news == std::vector<AnyRow>{full_run()}));
  CHECK_FALSE(rows.read());
  for (const AnyRow& row : one_of_each()) rows.add(row);
  CHECK(rows.read());
  CHECK((rows.news == one_of_each()));
  CHECK(rows.reader->lines() == 1 + one_of_each().size());
  CHECK(rows.starts == 0);
}

TEST_CASE("a last line that is torn comes once, when it is whole") {
  const std::string text = text_of(full_measure());
  for (const std::size_t torn : {std::size_t{1}, text.size() / 2, text.size()}) {
    CAPTURE(torn);
    FollowedRows rows;
    rows.add(full_run());
    rows.add_text(text.substr(0, torn));
    rows.open();
    CHECK(rows.read());
    CHECK(rows.news.size() == 1);
    CHECK_FALSE(rows.read());
    rows.add_text(text.substr(torn) + "\n");
    CHECK(rows.read());
    CHECK((rows.news == std::vector<AnyRow>{full_measure()}));
    CHECK(rows.reader->foreign_lines().count == 0);
  }
}

TEST_CASE("a file that was cut back to a checkpoint is read anew, however far it has grown since") {
  FollowedRows rows;
  rows.add(full_run());
  rows.add(log_of(1));
  const auto checkpoint = std::filesystem::file_size(rows.path());
  rows.add(log_of(2));
  rows.add_text("not a row\n");
  rows.open();
  CHECK(rows.read());
  CHECK(rows.reader->foreign_lines().count == 1);
  std::filesystem::resize_file(rows.path(), checkpoint);
  std::size_t more = 0;
  SUBCASE("shorter than it was") {}
  SUBCASE("longer than it was") { more = 20; }
  for (std::size_t i = 0; i < more; ++i) rows.add(log_of(3));
  CHECK(rows.read());
  CHECK(rows.starts == 1);
  REQUIRE(rows.news.size() == 2 + more);
  CHECK((rows.news[1] == log_of(1)));
  CHECK(rows.reader->lines() == 2 + more);
  CHECK(rows.reader->foreign_lines().count == 0);
  CHECK_FALSE(rows.read());
}

TEST_CASE("a file that is gone has no news; one that was begun anew is read whole") {
  FollowedRows rows;
  rows.add(full_run());
  rows.add(log_of(1));
  rows.open();
  CHECK(rows.read());
  std::filesystem::remove(rows.path());
  CHECK_FALSE(rows.read());
  CHECK(rows.starts == 0);
  rows.add(full_run());
  rows.add(log_of(4));
  CHECK(rows.read());
  CHECK(rows.starts == 1);
  CHECK((rows.news == std::vector<AnyRow>{full_run(), log_of(4)}));
}

TEST_CASE("lines that are no rows are counted and passed over, and the first is named") {
  FollowedRows rows;
  rows.add(full_run());
  rows.add_text("not JSON\n\n[1]\n");
  rows.add(log_of(1));
  rows.open();
  CHECK(rows.read());
  CHECK(rows.news.size() == 2);
  CHECK(rows.reader->lines() == 5);
  const ForeignLines& foreign = rows.reader->foreign_lines();
  CHECK(foreign.count == 3);
  CHECK(foreign.first == 2);
  CHECK(foreign.why == "expected a JSON object, got other text");
}

TEST_CASE("a line without a checksum is a row only before the lines that have one") {
  FollowedRows rows;
  rows.add(full_run());
  rows.add_text(with_checksum(text_of(log_of(1))) + "\n");
  // What a block that was written twice left of a line.
  const std::string torn = with_checksum(text_of(full_verdict()));
  const auto place = torn.find("\":\"svcca");
  rows.add_text(torn.substr(0, place) + torn.substr(torn.rfind("m\":\"crc32c:")) + "\n");
  rows.add_text(with_checksum(text_of(log_of(2))) + "\n");
  rows.open();
  CHECK(rows.read());
  CHECK((rows.news == std::vector<AnyRow>{full_run(), log_of(1), log_of(2)}));
  CHECK(rows.reader->foreign_lines().count == 1);
  CHECK(rows.reader->foreign_lines().first == 3);
  CHECK(rows.reader->foreign_lines().why.starts_with("expected a checksum at the end"));
  // Begun anew by an older version.
  std::filesystem::resize_file(rows.path(), 0);
  rows.add(log_of(3));
  CHECK(rows.read());
  CHECK((rows.news == std::vector<AnyRow>{log_of(3)}));
}

TEST_CASE("spectra are passed over where they are not wanted") {
  FollowedRows rows;
  for (const AnyRow& row : one_of_each()) rows.add(row);
  rows.open({.with_spectra = false});
  CHECK(rows.read());
  CHECK(rows.news.size() + 1 == one_of_each().size());
  CHECK(rows.reader->lines() == one_of_each().size());
  CHECK(rows.reader->foreign_lines().count == 0);
}

TEST_CASE("a line longer than what is read at once comes whole") {
  FollowedRows rows;
  SpectrumRow spectrum = full_spectrum();
  spectrum.weights.assign(300000, 1.0 / 3);
  rows.add(spectrum);
  rows.add(log_of(1));
  rows.open();
  CHECK(rows.read());
  CHECK((rows.news == std::vector<AnyRow>{spectrum, log_of(1)}));
}

TEST_CASE("a line without an end is a failure, however long the file becomes") {
  FollowedRows rows;
  rows.add(log_of(1));
  rows.add_text(std::string(std::size_t{40} << 20U, 'x'));
  rows.open();
  std::vector<AnyRow> news;
  const auto on_row = [&](RowLine&& line) { news.push_back(line.row); };
  for (int i = 0; i < 2; ++i) {
    const auto came = rows.reader->read(on_row, [] {});
    CHECK(came.why().find("expected lines of at most 16777216 bytes") != std::string::npos);
    CHECK(news == std::vector<AnyRow>{log_of(1)});
  }
}

TEST_CASE("what is no run is refused with what was expected") {
  const TemporaryFolder folder;
  CHECK(RowsReader::open(folder.path()).why().ends_with("got one without rows.jsonl"));
  CHECK(RowsReader::open(folder.path() / "none").why().ends_with("got nothing of this name"));
}

TEST_CASE("rows that were written before there was a reference_kind are all read") {
  auto reader =
      RowsReader::open(LIVECCA_SOURCE_DIR "/tests/sinks/files/before_reference_kind.jsonl");
  REQUIRE_MESSAGE(reader, reader.why());
  std::vector<MeasureRow> measures;
  std::size_t others = 0;
  const auto take = [&](RowLine&& line) {
    if (auto* measure = std::get_if<MeasureRow>(&line.row)) {
      measures.push_back(std::move(*measure));
    } else {
      CHECK_FALSE(std::holds_alternative<std::monostate>(line.row));
      ++others;
    }
  };
  REQUIRE(reader->read(take, [] {}));
  CHECK(reader->foreign_lines().count == 0);
  CHECK(others == 11);
  std::vector<std::pair<std::string, ReferenceKind>> references;
  for (const MeasureRow& row : measures) {
    references.emplace_back(row.reference, row.reference_kind);
    CHECK(row.direction == Direction::distance);
  }
  using enum ReferenceKind;
  CHECK((references == std::vector<std::pair<std::string, ReferenceKind>>{{"seed7", network},
                                                                          {"seed7", network},
                                                                          {"start", start},
                                                                          {"before-1", before},
                                                                          {"final", final},
                                                                          {"reference", network},
                                                                          {"reference", network}}));
  CHECK(measures.front().value == 0.29144012429380584);
  CHECK((measures.front().features == std::array<std::size_t, 2>{8, 8}));
}

TEST_CASE("a row tells its line and where the line begins") {
  FollowedRows rows;
  rows.add(full_run());
  rows.add_text("no row\n");
  for (const AnyRow& row : one_of_each()) rows.add(row);
  rows.open();
  std::ifstream file(rows.path(), std::ios::binary);
  std::uint64_t rows_read = 0;
  const auto read = rows.reader->read(
      [&](RowLine&& line) {
        std::string text(line.text.size(), '\0');
        file.seekg(static_cast<std::streamoff>(line.offset));
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        CHECK(text == line.text);
        CHECK(line.number == (rows_read == 0 ? 1 : rows_read + 2));
        ++rows_read;
      },
      [] {});
  REQUIRE(read);
  CHECK(rows_read == 1 + one_of_each().size());
  CHECK(rows.reader->foreign_lines().first == 2);
}

TEST_CASE("a file may be read in parts, which together are the whole") {
  FollowedRows rows;
  for (int i = 0; i < 6000; ++i) rows.add(full_measure());
  rows.open();
  std::uint64_t rows_read = 0;
  int parts = 0;
  for (;;) {
    const std::uint64_t before = rows_read;
    const auto read = rows.reader->read([&](RowLine&&) { ++rows_read; }, [] {}, 1);
    REQUIRE(read);
    CHECK(*read == (rows_read > before));
    if (!*read) break;
    ++parts;
  }
  CHECK(rows_read == 6000);
  CHECK(parts > 2);
  CHECK(rows.reader->lines() == 6000);
}

TEST_CASE("without correlations a spectrum says what it is of, and a damaged one is told") {
  SpectrumRow spectrum = full_spectrum();
  spectrum.layer = R"(a,"canonical_correlations":[1],"weights":[2],"status":"x","checksum":)";
  FollowedRows rows;
  const std::string whole = with_checksum(text_of(spectrum));
  std::string damaged = whole;
  damaged[damaged.rfind("],\"status\"") - 1] ^= 1;
  REQUIRE(damaged != whole);
  rows.add(spectrum);  // as older versions wrote it
  rows.add_text(damaged + "\n" + whole + "\n" + with_checksum(text_of(full_measure())) + "\n");
  rows.open({.with_correlations = false});
  CHECK(rows.read());
  spectrum.canonical_correlations.clear();
  spectrum.weights.clear();
  CHECK((rows.news == std::vector<AnyRow>{spectrum, spectrum, full_measure()}));
  CHECK(rows.reader->foreign_lines().first == 2);
}
