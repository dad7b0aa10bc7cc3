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

/// A row of any kind. std::monostate stands for a kind that this version does not know.
using AnyRow = std::variant<std::monostate, RunRow, MeasureRow, SpectrumRow, LayerRow, DriftRow,
                            VerdictRow, DirectionRow, VerdictRecordRow, LogRow, Event, OverheadRow>;

/// A line of rows.jsonl.
struct RowLine {
  std::string run;       ///< the run's name
  double wall_time = 0;  ///< Unix seconds
  AnyRow row{};
  /// The line that was read; valid as long as the text that it was read from.
  std::string_view text{};
  // Set by RowsReader:
  std::uint64_t number = 0;  ///< of the line in its file, from 1
  std::uint64_t offset = 0;  ///< of the line's first byte in its file
};

/// Reads a line of rows.jsonl or of to_json(), of this version or an older one. A field that older
/// versions did not write keeps its default. In a field that is not optional, null is read as NaN.
/// Fails if the line is not a row of schema 1, if a field has another type, or if the line ends
/// with a checksum that is not its own. The reason names the wrong field.
LIVECCA_EXPORT Result<RowLine> row_from_json(std::string_view line);

/// Counts the lines that are not rows.
struct ForeignLines {
  std::uint64_t count = 0;
  std::uint64_t first = 0;  ///< line number of the first one, counted from 1; 0: none
  std::string why{};        ///< what is wrong with the first one
};

struct RowsReaderOptions {
  /// False skips the spectra, which are the longest lines.
  bool with_spectra = true;
  /// False leaves the lists of spectra empty without parsing them: it is known then where spectra
  /// are and what they are of.
  bool with_correlations = true;
};

/// Reads a run's rows while the file grows; see JsonlReader. Lines that are not rows are counted
/// and skipped. So are lines without a checksum that come after a line with one.
///
/// Cost: each line is parsed once. Memory: one line and its row. Thread safety: none.
class LIVECCA_EXPORT RowsReader {
 public:
  /// `run` is a run's folder, or its rows.jsonl. Fails as JsonlReader::open() does.
  static Result<RowsReader> open(const std::filesystem::path& run, RowsReaderOptions options = {});

  using OnRow = std::function<void(RowLine&& line)>;

  /// Reads the rows that came since the last read(). Returns true if there were new lines, or if
  /// the file was cut back or begun anew. If it was cut back or begun anew, on_start_over is called
  /// first. Then the counts start at 0 and all rows of the file are read again. Fails as
  /// JsonlReader::read() does, and stops after `most_bytes` as that does.
  Result<bool> read(const OnRow& on_row, const JsonlReader::OnStartOver& on_start_over,
                    std::uint64_t most_bytes = JsonlReader::all_bytes);

  const std::filesystem::path& path() const { return reader_.path(); }
  /// The number of complete lines in the file at the last read(), including spectra and lines that
  /// are not rows.
  std::uint64_t lines() const { return lines_; }
  const ForeignLines& foreign_lines() const { return foreign_; }

 private:
  RowsReader(JsonlReader reader, RowsReaderOptions options);
  void take(std::string_view line, const OnRow& on_row);

  JsonlReader reader_;
  RowsReaderOptions options_;
  std::uint64_t lines_ = 0;
  std::uint64_t offset_ = 0;  // behind them
  ForeignLines foreign_;
  bool has_checksums_ = false;
};

}  // namespace livecca
