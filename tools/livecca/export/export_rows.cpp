#include "export/export_rows.hpp"

#include <functional>

#include "export/csv_rows.hpp"
#include "export/output_file.hpp"
#include "export/row_object.hpp"
#include "inputs/input_error.hpp"
#include "livecca/sinks/jsonl_reader.hpp"

namespace livecca::tool {
namespace {

using Write = std::function<void(const std::string& text)>;

std::string write_rows(JsonlReader& file, const std::string& kind, const Write& write) {
  const std::vector<RowColumn> columns = columns_of(kind);
  std::uint64_t lines = 0;
  std::uint64_t foreign = 0;
  std::uint64_t first_foreign = 0;
  const auto on_line = [&](std::string_view line) {
    ++lines;
    const auto row = parse_row(line);
    if (!row) {
      if (foreign++ == 0) first_foreign = lines;
      return;
    }
    // Only now: what holds no rows has no table.
    if (lines == foreign + 1) write(csv_header(columns));
    if (row->at("kind") == kind) {
      write(csv_lines(*row, columns));
    }
  };
  const auto read = file.read(on_line, [] {});
  if (!read) throw InputError(read.why());
  if (lines == foreign) {
    throw InputError(file.path().string() + ": expected rows of a run, got none in " +
                     std::to_string(lines) + " whole lines");
  }
  return foreign_lines_text(foreign, first_foreign);
}

std::string write_file(JsonlReader& rows, const ExportOptions& options) {
  std::error_code failure;
  if (std::filesystem::equivalent(rows.path(), options.output, failure)) {
    throw InputError("--output: expected another file than the run's rows, got '" + options.output +
                     "'");
  }
  OutputFile file(options.output);
  std::string foreign =
      write_rows(rows, options.kind, [&](const std::string& text) { file.write(text); });
  file.commit();
  return foreign;
}

}  // namespace

std::string export_rows(const ExportOptions& options, std::ostream& out) {
  auto rows = JsonlReader::open(options.run);
  if (!rows) throw InputError(rows.why());
  if (!options.output.empty()) return write_file(*rows, options);
  return write_rows(*rows, options.kind, [&](const std::string& text) { out << text; });
}

}  // namespace livecca::tool
