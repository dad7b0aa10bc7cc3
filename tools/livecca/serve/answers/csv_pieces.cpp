#include "serve/answers/csv_pieces.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "common/json_depth.hpp"
#include "export/csv_rows.hpp"
#include "export/row_columns.hpp"
#include "inputs/input_error.hpp"

namespace livecca::tool {
namespace {

class CsvPieces {
 public:
  CsvPieces(RowsReader reader, const std::string& kind)
      : reader_(std::move(reader)), kind_(kind), columns_(columns_of(kind)) {}

  std::optional<std::string> next() {
    if (!has_header_) {
      has_header_ = true;
      return csv_header(columns_);
    }
    std::string piece;
    const std::string mark = "\"kind\":\"" + kind_ + "\"";
    const auto on_row = [&](const RowLine& line) {
      if (line.text.find(mark) == std::string_view::npos) return;  // without parsing it again
      const auto row = parse_json(line.text);
      if (row.at("kind") == kind_) piece += csv_lines(row, columns_);
    };
    const auto read = reader_.read(
        on_row,
        [&] {
          throw InputError(reader_.path().string() + ": expected one run, got it begun anew");
        },
        1);
    if (!read) throw InputError(read.why());
    if (!*read) return std::nullopt;
    return piece;
  }

 private:
  RowsReader reader_;
  std::string kind_;
  std::vector<RowColumn> columns_;
  bool has_header_ = false;
};

}  // namespace

std::function<std::optional<std::string>()> csv_pieces(const GrowingRun& run,
                                                       const std::string& kind) {
  auto reader = RowsReader::open(run.folder());
  if (!reader) throw InputError(reader.why());
  const auto pieces = std::make_shared<CsvPieces>(*std::move(reader), kind);
  return [pieces] { return pieces->next(); };
}

}  // namespace livecca::tool
