#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checks.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "sinks/full_rows.hpp"

using namespace livecca;
using livecca_fuzz::expect;
using nlohmann::json;

namespace {

/// A line's row written again; empty if this version does not know its kind.
std::string written(const RowLine& line) {
  return livecca_tests::text_of(line.row, line.run, line.wall_time);
}

/// Whether a row has what the line says. A number may be written in another way, 5 as 5.0, and a
/// line may have more fields.
bool is_same(const json& line, const json& row) {
  if (line.is_object() && row.is_object()) {
    for (const auto& [name, value] : row.items()) {
      if (line.contains(name) && !is_same(line[name], value)) return false;
    }
    return true;
  }
  if (line.is_array() && row.is_array()) return std::ranges::equal(line, row, is_same);
  if (!line.is_number() || !row.is_number()) return line == row;
  if (line.is_number_float() || row.is_number_float()) {
    return line.get<double>() == row.get<double>();
  }
  return line.dump() == row.dump();
}

void check_fields(std::string_view line, const std::string& again) {
  const json before = json::parse(line);
  json after = json::parse(again);
  after.erase("drift");  // follows from others
  for (const auto& [name, value] : after.items()) {
    if (!before.contains(name)) continue;
    expect(is_same(before[name], value),
           "the " + name + " of the line, " + before[name].dump() + ", got " + value.dump());
  }
}

void check_line(std::string_view text) {
  const auto line = row_from_json(text);
  if (!line) {
    ++livecca_fuzz::verdicts().refused;
    expect(livecca_fuzz::is_one_line(line.why()) && line.why().starts_with("expected "),
           "a reason in one line, got '" + line.why() + "'");
    return;
  }
  ++livecca_fuzz::verdicts().taken;
  const std::string once = written(*line);
  if (once.empty()) return;
  expect(once.find('\n') == std::string::npos, "a row in one line");
  check_fields(text, once);
  const auto again = row_from_json(once);
  expect(static_cast<bool>(again), "to read what was written, got " + again.why());
  expect(written(*again) == once, "the row that was written, got another of " + once);
  // A number that is not there is NaN, which is not equal to itself.
  if (once.find("null") == std::string::npos) {
    expect(again->row == line->row, "the row that was read");
  }
}

/// All that a reader said of a file.
struct FileAsRead {
  std::vector<std::string> rows;
  std::uint64_t lines = 0;
  std::uint64_t foreign = 0;
  std::uint64_t first_foreign = 0;
  std::string why_foreign;

  bool operator==(const FileAsRead&) const = default;
};

/// The file as it is read while it grows: first so many bytes, and at last all.
FileAsRead read_growing(std::string_view bytes, const std::vector<std::size_t>& sizes) {
  static const livecca_fuzz::FileInMemory file;
  FileAsRead result;
  file.hold("");
  auto reader = RowsReader::open(file.path());
  expect(static_cast<bool>(reader), "to open a file, got " + reader.why());
  for (const std::size_t size : sizes) {
    file.hold(bytes.substr(0, size));
    const auto read = reader->read(
        [&](RowLine&& line) {
          expect(bytes.substr(line.offset, line.text.size()) == line.text,
                 "a row's line where the row says that it begins");
          result.rows.push_back(written(line));
        },
        [] { expect(false, "to go on where the file was read before"); });
    expect(static_cast<bool>(read), "to read a file, got " + read.why());
  }
  result.lines = reader->lines();
  result.foreign = reader->foreign_lines().count;
  result.first_foreign = reader->foreign_lines().first;
  result.why_foreign = reader->foreign_lines().why;
  return result;
}

/// The lines that are read, and how many of them are rows or not, with unparsed spectra.
std::uint64_t count_without_correlations(std::string_view bytes) {
  static const livecca_fuzz::FileInMemory file;
  file.hold(bytes);
  auto reader = RowsReader::open(file.path(), {.with_correlations = false});
  expect(static_cast<bool>(reader), "to open a file, got " + reader.why());
  std::uint64_t rows = 0;
  const auto read = reader->read([&](RowLine&&) { ++rows; }, [] {});
  expect(static_cast<bool>(read), "to read a file, got " + read.why());
  return rows + reader->foreign_lines().count;
}

void check_file(std::string_view bytes) {
  const FileAsRead whole = read_growing(bytes, {bytes.size()});
  expect(whole.lines == static_cast<std::uint64_t>(std::ranges::count(bytes, '\n')),
         "all lines that end");
  expect(whole.rows.size() + whole.foreign == whole.lines, "each line as a row or as foreign");
  expect(count_without_correlations(bytes) == whole.lines,
         "each line once also without the numbers of spectra");
  const std::size_t somewhere = std::hash<std::string_view>()(bytes) % (bytes.size() + 1);
  for (const auto& sizes :
       {std::vector{bytes.size() / 2, bytes.size()},
        std::vector{somewhere, somewhere + (bytes.size() - somewhere) / 2, bytes.size()}}) {
    expect(read_growing(bytes, sizes) == whole, "a file that grows to be read as when it is whole");
  }
}

/// The lines without the checksums that they end with: then each is read for what it says.
std::string without_checksums(std::string bytes) {
  constexpr std::string_view before = ",\"checksum\":\"crc32c:";
  constexpr std::string_view after = "01234567\"";
  std::size_t place = 0;
  while ((place = bytes.find(before, place)) != std::string::npos) {
    bytes.erase(place, before.size() + after.size());
  }
  return bytes;
}

void try_rows(std::string_view bytes) {
  check_file(bytes);
  for (std::size_t end = 0; !bytes.empty(); bytes.remove_prefix(end)) {
    const std::size_t feed = bytes.find('\n');
    end = std::min(feed, bytes.size() - 1) + 1;
    check_line(bytes.substr(0, feed));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  try_rows(bytes);
  const std::string others = without_checksums(bytes);
  if (others.size() < bytes.size()) try_rows(others);
  return 0;
}
