#include "report_lines.hpp"

namespace livecca::python {
namespace {

template <typename Row>
void add(const std::vector<Row>& rows, std::vector<std::string>& lines) {
  for (const Row& row : rows) lines.push_back(line_of_row(row));
}

}  // namespace

std::string line_of(const Event& event) { return line_of_row(event); }

std::vector<std::string> lines_of(const SnapshotReport& report) {
  std::vector<std::string> lines;
  add(report.measures, lines);
  add(report.spectra, lines);
  add(report.layers, lines);
  add(report.drifts, lines);
  add(report.verdicts, lines);
  add(report.directions, lines);
  add(report.verdict_records, lines);
  add(report.events, lines);
  return lines;
}

}  // namespace livecca::python
