#include "livecca/sinks/rows_reader.hpp"

#include <string>
#include <utility>

#include "sinks/line_checksum.hpp"

namespace livecca {
namespace {

/// A spectrum with empty lists. In a JSON string a quote has a backslash before it, so the words
/// that are looked for here are never part of a name. A line that is written in another way is
/// parsed whole.
Result<RowLine> row_without_lists(std::string_view line) {
  constexpr std::string_view lists = R"(,"canonical_correlations":[)";
  constexpr std::string_view behind_lists = R"(],"status":)";
  constexpr std::string_view checksum = R"(,"checksum":)";
  const std::size_t begin = line.find(lists);
  const std::size_t status = line.rfind(behind_lists);
  const std::size_t end = has_checksum(line) ? line.rfind(checksum) : line.rfind('}');
  if (begin == std::string_view::npos || status == std::string_view::npos || status < begin ||
      end == std::string_view::npos || end < status || !line.ends_with('}')) {
    return row_from_json(line);
  }
  if (is_damaged(line)) return row_from_json(line);  // says so
  std::string text(line.substr(0, begin));
  text += R"(,"canonical_correlations":[],"weights":[)";
  text += line.substr(status, end - status);
  text += '}';
  auto row = row_from_json(text);
  if (row) row->text = line;
  return row;
}

}  // namespace

RowsReader::RowsReader(JsonlReader reader, RowsReaderOptions options)
    : reader_(std::move(reader)), options_(options) {}

Result<RowsReader> RowsReader::open(const std::filesystem::path& run, RowsReaderOptions options) {
  auto reader = JsonlReader::open(run);
  if (!reader) return Failure{reader.why()};
  return RowsReader(*std::move(reader), options);
}

Result<bool> RowsReader::read(const OnRow& on_row, const JsonlReader::OnStartOver& on_start_over,
                              std::uint64_t most_bytes) {
  return reader_.read([&](std::string_view line) { take(line, on_row); },
                      [&] {
                        lines_ = 0;
                        offset_ = 0;
                        foreign_ = {};
                        has_checksums_ = false;
                        on_start_over();
                      },
                      most_bytes);
}

void RowsReader::take(std::string_view line, const OnRow& on_row) {
  ++lines_;
  const std::uint64_t offset = std::exchange(offset_, offset_ + line.size() + 1);
  // Known by how to_json() begins them, so that they need not be parsed.
  static const std::string spectrum =
      R"({"schema":)" + std::to_string(rows_schema) + R"(,"kind":"spectrum")";
  const bool is_spectrum = line.starts_with(spectrum);
  if (is_spectrum && !options_.with_spectra) return;
  auto row =
      is_spectrum && !options_.with_correlations ? row_without_lists(line) : row_from_json(line);
  // Damage that hits the checksum itself can leave a line that looks like one of an older version.
  if (row && has_checksums_ && !has_checksum(line)) {
    row = Failure{
        "expected a checksum at the end, as a line before has, got none: it was damaged, or "
        "changed "
        "by another program"};
  }
  if (row) {
    has_checksums_ |= has_checksum(line);
    row->number = lines_;
    row->offset = offset;
    return on_row(*std::move(row));
  }
  if (foreign_.count++ > 0) return;
  foreign_.first = lines_;
  foreign_.why = row.why();
}

}  // namespace livecca
