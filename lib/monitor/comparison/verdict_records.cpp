#include "monitor/comparison/verdict_records.hpp"

#include <utility>
#include <variant>

#include "livecca/common/error.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca {

void write_verdict_records(const std::vector<DistanceToEnd>& distances,
                           const MonitorOptions& options, SnapshotReport& report,
                           RunWriter& writer) {
  if (distances.empty()) return;
  VerdictRecord record(options.verdicts.tolerance);
  auto reader = RowsReader::open(options.run_directory, {.with_spectra = false});
  if (!reader) throw Error(reader.why());
  const auto add = [&](RowLine&& line) {
    if (const auto* verdict = std::get_if<VerdictRow>(&line.row)) record.add(*verdict);
    if (const auto* log = std::get_if<LogRow>(&line.row)) record.add(*log);
  };
  if (const auto read = reader->read(add, [] {}); !read) throw Error(read.why());
  for (const DistanceToEnd& distance : distances) record.add(distance);
  for (VerdictRecordRow& row : record.rows()) {
    row.epoch = report.epoch;
    row.step = report.step;
    writer.write(row);
    report.verdict_records.push_back(std::move(row));
  }
}

}  // namespace livecca
