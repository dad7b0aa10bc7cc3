#include "result_options.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "compare/compare_output.hpp"
#include "livecca/common/error.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

std::vector<const MeasureInfo*> measures_of(const std::vector<std::string>& names) {
  std::vector<const MeasureInfo*> all = tool::all_measures();
  if (names.empty()) return all;
  for (const std::string& name : names) {
    if (find_measure(name) != nullptr) continue;
    std::string known;
    for (const MeasureInfo* measure : all) {
      known += (known.empty() ? "" : ", ") + std::string(measure->name);
    }
    throw Error("measures: expected some of " + known + ", got '" + name + "'");
  }
  std::erase_if(all, [&](const MeasureInfo* measure) {
    return std::ranges::find(names, measure->name) == names.end();
  });
  return all;
}

}  // namespace

tool::ResultOptions results_of(const AskedResults& asked) {
  tool::ResultOptions options;
  options.measures = measures_of(asked.measures);
  if (asked.keep_variance > 0) options.solve.keep_variance = asked.keep_variance;
  if (asked.keep_directions > 0) options.solve.keep_directions = asked.keep_directions;
  if (asked.alpha) options.solve.partial_whitening_alpha = *asked.alpha;
  options.directions = asked.directions;
  return options;
}

Texts texts_of(const tool::Comparison& comparison) {
  return {tool::to_json(comparison).dump(), tool::to_table(comparison)};
}

void bind_result_options(nb::module_& module) {
  nb::class_<AskedResults>(module, "ResultOptions")
      .def(nb::init<>())
      .def_rw("measures", &AskedResults::measures)
      .def_rw("keep_variance", &AskedResults::keep_variance)
      .def_rw("keep_directions", &AskedResults::keep_directions)
      .def_rw("alpha", &AskedResults::alpha, nb::arg().none())
      .def_rw("directions", &AskedResults::directions);
}

}  // namespace livecca::python
