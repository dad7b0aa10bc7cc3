#include "run_rows.hpp"

#include <utility>

#include "livecca/common/error.hpp"
#include "livecca/sinks/rows_reader.hpp"

namespace livecca::python {

tool::RunRows run_rows_of(const std::vector<std::string>& lines) {
  tool::RunRows rows;
  for (const std::string& line : lines) {
    auto row = row_from_json(line);
    if (!row) throw Error(row.why());
    rows.add(*std::move(row));
  }
  return rows;
}

}  // namespace livecca::python
