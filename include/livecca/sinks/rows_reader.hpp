#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/sinks/jsonl_reader.hpp"
#include "livecca/sinks/row.hpp"

namespace livecca {

/// A row of any kind. std::monostate is a kind that this version does not know.
using AnyRow = std::variant<std::monostate, RunRow, MeasureRow, SpectrumRow, LayerRow, DriftRow,
                            VerdictRow, LogRow, Event, OverheadRow>;

/// A line of rows.jsonl.
struct RowLine {
  std::string run;       ///< the run's name
  double wall_time = 0;  ///< Unix seconds
  AnyRow row{};
};

/// Reads a line that to_json() wrote, in this version or an older one. A field that older versions
/// did not write keeps its default. null is NaN in a field that is not optional. Fails, and says
/// which field is wrong, if the line is no row of schema 1 or if a field has another type.
LIVECCA_EXPORT Result<RowLine> row_from_json(std::string_view line);

/// Lines that are no rows.
struct ForeignLines {
  std::uint64_t count = 0;
  std::uint64_t first = 0;  ///< the number of the first one, counted from 1; 0: there is none
  std::string why{};        ///< what is wrong with the first one
};

struct RowsReaderOptions {
  /// False: spectra are passed over. They are the longest lines.
  bool with_spectra = true;
};

/// Reads a run's rows while the file grows, see JsonlReader. Lines that are no rows are counted and
/// passed over.
///
/// Cost: each line is parsed once. Memory: one line and its row. Thread safety: none.
class LIVECCA_EXPORT RowsReader {
 public:
  /// `run` is a run's folder, or its rows.jsonl. Fails as JsonlReader::open() does.
  static Result<RowsReader> open(const std::filesystem::path& run, RowsReaderOptions options = {});

  using OnRow = std::function<void(RowLine&& line)>;

  /// Reads the rows that came since the last read(). Returns whether there were new lines, or
  /// whether the file was cut back or begun anew. In that case `on_start_over` is called first, the
  /// counts begin anew, and all rows of the file come again. Fails as JsonlReader::read() does.
  Result<bool> read(const OnRow& on_row, const JsonlReader::OnStartOver& on_start_over);

  const std::filesystem::path& path() const { return reader_.path(); }
  /// How many whole lines the file had at the last read(), foreign ones and spectra too.
  std::uint64_t lines() const { return lines_; }
  const ForeignLines& foreign_lines() const { return foreign_; }

 private:
  RowsReader(JsonlReader reader, RowsReaderOptions options);
  void take(std::string_view line, const OnRow& on_row);

  JsonlReader reader_;
  RowsReaderOptions options_;
  std::uint64_t lines_ = 0;
  ForeignLines foreign_;
};

}  // namespace livecca
