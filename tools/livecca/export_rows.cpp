#include "export_rows.hpp"

#include <algorithm>
#include <functional>
#include <span>

#include "common/atomic_file.hpp"
#include "input_error.hpp"
#include "row_columns.hpp"
#include "row_fields.hpp"
#include "rows_file.hpp"

namespace livecca::tool {
namespace {

using Json = nlohmann::json;
using Write = std::function<void(const std::string& text)>;

// A file is written in parts of about this size.
constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

/// null is an empty field; numbers stand as in the row.
std::string value_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_field(value.get<std::string>());
  return csv_field(value.dump());
}

/// What a row has in a column; `element` is the line's, of fields with a line an element.
std::string cell(const Json& row, const RowColumn& column, std::size_t element, bool has_elements) {
  if (column.place == RowColumn::index) return has_elements ? std::to_string(element) : "";
  const auto field = row.find(column.field);
  if (field == row.end()) return "";
  if (column.place == RowColumn::whole) return value_text(*field);
  const std::size_t place = column.place == RowColumn::each ? element : column.place;
  return field->is_array() && place < field->size() ? value_text((*field)[place]) : "";
}

std::size_t elements_of(const Json& row, const std::vector<RowColumn>& columns) {
  std::size_t elements = 0;
  for (const RowColumn& column : columns) {
    if (column.place != RowColumn::each || !row.contains(column.field)) continue;
    elements = std::max(elements, row[column.field].size());
  }
  return elements;
}

/// At least one line: a pair without a spectrum has a status.
std::string csv_lines(const Json& row, const std::vector<RowColumn>& columns) {
  const std::size_t elements = elements_of(row, columns);
  std::string text;
  for (std::size_t element = 0; element < std::max<std::size_t>(1, elements); ++element) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      text += (i == 0 ? "" : ",") + cell(row, columns[i], element, elements > 0);
    }
    text += "\n";
  }
  return text;
}

std::string header(const std::vector<RowColumn>& columns) {
  std::string text;
  for (const RowColumn& column : columns) text += (text.empty() ? "" : ",") + column.name;
  return text + "\n";
}

std::string write_rows(RowsFile& file, const std::string& kind, const Write& write) {
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
    if (lines == foreign + 1) write(header(columns));
    if (row->at("kind") == kind) {
      write(csv_lines(*row, columns));
    }
  };
  file.read(on_line, [] {});
  if (lines == foreign) {
    throw InputError(file.path().string() + ": expected rows of a run, got none in " +
                     std::to_string(lines) + " whole lines");
  }
  return foreign_lines_text(foreign, first_foreign);
}

std::string write_file(RowsFile& rows, const ExportOptions& options) {
  std::error_code failure;
  if (std::filesystem::equivalent(rows.path(), options.output, failure)) {
    throw InputError("--output: expected another file than the run's rows, got '" + options.output +
                     "'");
  }
  AtomicFile file(options.output);
  std::string why;
  std::string waiting;
  const auto flush = [&] {
    if (!file.write(std::as_bytes(std::span(waiting)), why)) throw InputError(why);
    waiting.clear();
  };
  std::string foreign = write_rows(rows, options.kind, [&](const std::string& text) {
    waiting += text;
    if (waiting.size() >= bytes_at_once) flush();
  });
  flush();
  if (!file.commit(AtomicFile::Sync::none, why)) throw InputError(why);
  return foreign;
}

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string export_rows(const ExportOptions& options, std::ostream& out) {
  RowsFile rows(options.run);
  if (!options.output.empty()) return write_file(rows, options);
  return write_rows(rows, options.kind, [&](const std::string& text) { out << text; });
}

}  // namespace livecca::tool
