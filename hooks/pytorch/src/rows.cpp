#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "livecca/sinks/rows_reader.hpp"
#include "module.hpp"
#include "python_lock.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// The rows of a run, each a line of JSON; then how many lines are no rows, the number of the first
/// of them, and why it is none.
using ReadRows = std::tuple<std::vector<std::string>, std::uint64_t, std::uint64_t, std::string>;

ReadRows read_rows(const std::string& run, bool with_spectra) {
  const WithoutLock unlocked;
  auto reader = RowsReader::open(run, {.with_spectra = with_spectra});
  if (!reader) throw Error(reader.why());
  std::vector<std::string> lines;
  const auto read =
      reader->read([&](RowLine&& line) { lines.emplace_back(line.text); }, [&] { lines.clear(); });
  if (!read) throw Error(read.why());
  const ForeignLines& foreign = reader->foreign_lines();
  return {std::move(lines), foreign.count, foreign.first, foreign.why};
}

}  // namespace

void bind_rows(nb::module_& module) {
  module.def("read_rows", &read_rows, nb::arg("run"), nb::arg("with_spectra"));
}

}  // namespace livecca::python
