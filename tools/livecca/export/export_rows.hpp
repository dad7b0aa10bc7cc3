#pragma once

#include <ostream>
#include <string>

namespace livecca::tool {

struct ExportOptions {
  std::string run;               ///< a run's folder, or its rows.jsonl
  std::string kind = "measure";  ///< one of row_kinds()
  std::string output;            ///< a file; empty: what is given to export_rows()
};

/// Writes the run's rows of one kind as CSV: a header and a line a row, of spectra a line a
/// correlation. Streams: memory does not grow with the run. A file is written whole or not at all.
/// Returns a line about lines that are no rows, or "". Throws InputError.
std::string export_rows(const ExportOptions& options, std::ostream& out);

}  // namespace livecca::tool
