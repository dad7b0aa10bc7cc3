#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "compare/compare.hpp"
#include "compare/compare_output.hpp"
#include "livecca/common/error.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "module.hpp"
#include "named.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// What compare() of Python was told, checked there for what a wrong type would be.
struct Asked {
  std::vector<std::string> measures;  ///< empty: all
  std::string layout = "nc";
  std::string samples = "positions";
  std::size_t step = 0;
  std::size_t positions = 0;  ///< an image's; 0: all
  std::uint64_t seed = 0;     ///< of the choice of positions
  std::optional<Array> mask;
  std::string precision = "exact";
  std::size_t standard_errors = 0;
  std::size_t max_features = 0;
  double keep_variance = 0;  ///< 0: the default
  std::size_t keep_directions = 0;
  std::optional<double> alpha;
  std::size_t directions = 0;
};

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

void read_samples(const Asked& asked, tool::CompareOptions& options) {
  options.reading = enum_of<Layout>("layout", asked.layout);
  options.fourier = asked.samples == "fourier";
  options.each_step = asked.samples == "each_step";
  if (!options.fourier && !options.each_step) {
    options.reading.samples = enum_of<Samples>("samples", asked.samples);
    options.reading.step = asked.step;
  }
  if (const auto fits = options.reading.check(); !fits) throw Error("samples: " + fits.why());
  const bool is_of_sequences = is_sequence(options.reading.layout);
  if (options.fourier && !has_positions(options.reading.layout)) {
    throw Error("samples: expected layout=" + enum_names<Layout>(has_positions) +
                " with 'fourier', got '" + asked.layout + "'");
  }
  if ((options.each_step || asked.mask) && !is_of_sequences) {
    throw Error(std::string(asked.mask ? "mask" : "samples") + ": expected layout=" +
                enum_names<Layout>(is_sequence) + " with it, got '" + asked.layout + "'");
  }
}

tool::CompareOptions options_of(const Asked& asked) {
  tool::CompareOptions options;
  options.measures = measures_of(asked.measures);
  read_samples(asked, options);
  if (asked.positions > 0) options.positions = Positions::sampled(asked.positions, asked.seed);
  if (asked.mask) options.held_mask = mask_of(*asked.mask, "mask", options.reading.layout);
  options.precision = enum_of<Precision>("precision", asked.precision);
  options.error_blocks = asked.standard_errors;
  options.max_features = asked.max_features;
  if (asked.keep_variance > 0) options.solve.keep_variance = asked.keep_variance;
  if (asked.keep_directions > 0) options.solve.keep_directions = asked.keep_directions;
  if (asked.alpha) options.solve.partial_whitening_alpha = *asked.alpha;
  options.directions = asked.directions;
  return options;
}

/// The result as JSON, as the program prints it, and as its table.
using Texts = std::tuple<std::string, std::string>;

std::vector<Texts> compare_arrays(Array x, Array y, const std::string& name_x,
                                  const std::string& name_y, const Asked& asked) {
  const auto tensor_x = std::make_shared<ArrayTensor>(std::move(x), name_x);
  const auto tensor_y = std::make_shared<ArrayTensor>(std::move(y), name_y);
  const tool::CompareOptions options = options_of(asked);
  std::vector<Texts> texts;
  const nb::gil_scoped_release release;
  for (const tool::Comparison& comparison : tool::compare_tensors({tensor_x, tensor_y}, options)) {
    texts.emplace_back(tool::to_json(comparison).dump(), tool::to_table(comparison));
  }
  return texts;
}

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  for (const MeasureInfo* measure : tool::all_measures()) names.emplace_back(measure->name);
  return names;
}

}  // namespace

void bind_compare(nb::module_& module) {
  nb::class_<Asked>(module, "CompareOptions")
      .def(nb::init<>())
      .def_rw("measures", &Asked::measures)
      .def_rw("layout", &Asked::layout)
      .def_rw("samples", &Asked::samples)
      .def_rw("step", &Asked::step)
      .def_rw("positions", &Asked::positions)
      .def_rw("seed", &Asked::seed)
      .def_rw("mask", &Asked::mask, nb::arg().none())
      .def_rw("precision", &Asked::precision)
      .def_rw("standard_errors", &Asked::standard_errors)
      .def_rw("max_features", &Asked::max_features)
      .def_rw("keep_variance", &Asked::keep_variance)
      .def_rw("keep_directions", &Asked::keep_directions)
      .def_rw("alpha", &Asked::alpha, nb::arg().none())
      .def_rw("directions", &Asked::directions);
  module.def("compare_arrays", &compare_arrays);
  module.def("measure_names", &measure_names);
  module.def("mean_correlation_floor", &mean_correlation_floor);
}

}  // namespace livecca::python
