#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "module.hpp"
#include "run_rows.hpp"
#include "runs/layer_lines.hpp"
#include "show/layer_verdicts.hpp"
#include "text/output_text.hpp"
#include "text/table_names.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// The program's table of layers, as text; its cells, the heading first; each line's layer; what
/// columns mean; remarks of verdicts; the references that there is no room for; the line above it.
using LayerTable =
    std::tuple<std::string, std::vector<std::vector<std::string>>, std::vector<std::string>,
               std::string, std::vector<std::string>, std::vector<std::string>, std::string>;

/// Of the rows of one snapshot.
LayerTable layer_table(const std::vector<std::string>& lines, std::size_t width) {
  const tool::RunRows rows = run_rows_of(lines);
  std::vector<std::string> layers = tool::layers_in_order(rows);
  tool::LayerLines table =
      tool::layer_lines(rows, layers, {.has_train = true, .has_status = true, .width = width});
  tool::TextTable text(true);
  for (const auto& line : table.cells) text.add(line);
  return {text.text(),
          std::move(table.cells),
          std::move(layers),
          table.legend(),
          std::move(table.remarks),
          std::move(table.left_out),
          tool::cut_end(tool::settled_line(rows), width)};
}

/// How often a run's verdicts came true, by the rows of its end; empty if these do not say it.
std::string verdict_record(const std::vector<std::string>& lines) {
  return tool::record_line(run_rows_of(lines).verdict_records);
}

std::vector<std::string> table_names(const std::vector<std::string>& names, std::size_t room) {
  const tool::TableNames all(names, room);
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back(all.of(name));
  return result;
}

}  // namespace

void bind_layer_table(nb::module_& module) {
  module.def("layer_table", &layer_table, nb::arg("lines"), nb::arg("width"));
  module.def("verdict_record", &verdict_record, nb::arg("lines"));
  module.def("table_names", &table_names, nb::arg("names"), nb::arg("room"));
}

}  // namespace livecca::python
