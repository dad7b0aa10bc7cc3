#include "runs/export_rows.hpp"

#include <functional>
#include <span>

#include "common/atomic_file.hpp"
#include "runs/csv_rows.hpp"
#include "inputs/input_error.hpp"
#include "runs/row_fields.hpp"
#include "runs/rows_file.hpp"

namespace livecca::tool {
namespace {

using Write = std::function<void(const std::string& text)>;

// A file is written in parts of about this size.
constexpr std::size_t bytes_at_once = std::size_t{1} << 20;

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
    if (lines == foreign + 1) write(csv_header(columns));
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
  std::string waiting;
  const auto flush = [&] {
    const auto written = file.write(std::as_bytes(std::span(waiting)));
    if (!written) throw InputError(written.why());
    waiting.clear();
  };
  std::string foreign = write_rows(rows, options.kind, [&](const std::string& text) {
    waiting += text;
    if (waiting.size() >= bytes_at_once) flush();
  });
  flush();
  const auto committed = file.commit(AtomicFile::Sync::none);
  if (!committed) throw InputError(committed.why());
  return foreign;
}

}  // namespace

std::string export_rows(const ExportOptions& options, std::ostream& out) {
  RowsFile rows(options.run);
  if (!options.output.empty()) return write_file(rows, options);
  return write_rows(rows, options.kind, [&](const std::string& text) { out << text; });
}

}  // namespace livecca::tool
