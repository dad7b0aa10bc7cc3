#include "export/export_rows.hpp"

#include <functional>
#include <utility>

#include "common/json_depth.hpp"
#include "export/csv_rows.hpp"
#include "export/output_file.hpp"
#include "inputs/input_error.hpp"
#include "livecca/sinks/rows_reader.hpp"
#include "text/foreign_lines.hpp"

namespace livecca::tool {
namespace {

using Write = std::function<void(const std::string& text)>;

std::string write_rows(RowsReader& file, const std::string& kind, const Write& write) {
  const std::vector<RowColumn> columns = columns_of(kind);
  bool has_header = false;
  const auto on_row = [&](const RowLine& line) {
    // Only now: what holds no rows has no table.
    if (!std::exchange(has_header, true)) write(csv_header(columns));
    const auto row = parse_json(line.text);
    if (row.at("kind") == kind) write(csv_lines(row, columns));
  };
  const auto read = file.read(on_row, [] {});
  if (!read) throw InputError(read.why());
  if (!has_header) {
    throw InputError(file.path().string() + ": expected rows of a run, got none in " +
                     std::to_string(file.lines()) + " whole lines");
  }
  return foreign_lines_text(file.foreign_lines());
}

std::string write_file(RowsReader& rows, const ExportOptions& options) {
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
  auto rows = RowsReader::open(options.run);
  if (!rows) throw InputError(rows.why());
  if (!options.output.empty()) return write_file(*rows, options);
  return write_rows(*rows, options.kind, [&](const std::string& text) { out << text; });
}

}  // namespace livecca::tool
