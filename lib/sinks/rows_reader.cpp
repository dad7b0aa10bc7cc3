#include "livecca/sinks/rows_reader.hpp"

#include <utility>

#include "sinks/line_checksum.hpp"

namespace livecca {

RowsReader::RowsReader(JsonlReader reader, RowsReaderOptions options)
    : reader_(std::move(reader)), options_(options) {}

Result<RowsReader> RowsReader::open(const std::filesystem::path& run, RowsReaderOptions options) {
  auto reader = JsonlReader::open(run);
  if (!reader) return Failure{reader.why()};
  return RowsReader(*std::move(reader), options);
}

Result<bool> RowsReader::read(const OnRow& on_row, const JsonlReader::OnStartOver& on_start_over) {
  return reader_.read([&](std::string_view line) { take(line, on_row); },
                      [&] {
                        lines_ = 0;
                        foreign_ = {};
                        has_checksums_ = false;
                        on_start_over();
                      });
}

void RowsReader::take(std::string_view line, const OnRow& on_row) {
  ++lines_;
  // Known by how to_json() begins them, so that they need not be parsed.
  static const std::string spectrum =
      R"({"schema":)" + std::to_string(rows_schema) + R"(,"kind":"spectrum")";
  if (!options_.with_spectra && line.starts_with(spectrum)) return;
  auto row = row_from_json(line);
  // Damage that hits the checksum itself can leave a line that looks like one of an older version.
  if (row && has_checksums_ && !has_checksum(line)) {
    row = Failure{
        "expected a checksum at the end, as a line before has, got none: it was damaged, or "
        "changed "
        "by another program"};
  }
  if (row) {
    has_checksums_ |= has_checksum(line);
    return on_row(*std::move(row));
  }
  if (foreign_.count++ > 0) return;
  foreign_.first = lines_;
  foreign_.why = row.why();
}

}  // namespace livecca
