#include "livecca/monitor/replay.hpp"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "module.hpp"
#include "named.hpp"
#include "python_lock.hpp"
#include "report_lines.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

std::vector<std::string> replay_lines(const std::filesystem::path& run,
                                      const ReplayOptions& options) {
  const WithoutLock unlocked;
  const ReplayResult result = replay(run, options);
  std::vector<std::string> lines;
  for (const MeasureRow& row : result.measures) lines.push_back(line_of_row(row));
  for (const Event& event : result.events) lines.push_back(line_of(event));
  return lines;
}

}  // namespace

void bind_replay(nb::module_& module) {
  nb::class_<ReplayOptions>(module, "ReplayOptions")
      .def(nb::init<>())
      .def_rw("measures", &ReplayOptions::measures)
      .def_rw("keep_variance", &ReplayOptions::keep_variance)
      .def_rw("partial_whitening_alpha", &ReplayOptions::partial_whitening_alpha)
      .def("set_precision",
           [](ReplayOptions& options, const std::string& name) {
             options.precision = enum_of<Precision>("precision", name);
           })
      .def_rw("error_blocks", &ReplayOptions::error_blocks)
      .def_rw("start", &ReplayOptions::start)
      .def_rw("final", &ReplayOptions::final)
      .def_rw("before", &ReplayOptions::before)
      .def_rw("references", &ReplayOptions::references)
      .def_rw("pairing", &ReplayOptions::pairing);
  module.def("replay", &replay_lines);
}

}  // namespace livecca::python
