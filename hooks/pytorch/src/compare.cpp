#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "compare/compare.hpp"
#include "livecca/common/error.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "module.hpp"
#include "named.hpp"
#include "python_lock.hpp"
#include "result_options.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// What compare() of Python was told, checked there for what a wrong type would be.
struct Asked : AskedResults {
  std::string layout = "nc";
  std::string samples = "positions";
  std::size_t step = 0;
  std::size_t positions = 0;  ///< an image's; 0: all
  std::uint64_t seed = 0;     ///< of the choice of positions
  std::optional<Array> mask;
  std::string precision = "exact";
  std::size_t standard_errors = 0;
  std::size_t max_features = 0;
};

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
  static_cast<tool::ResultOptions&>(options) = results_of(asked);
  read_samples(asked, options);
  if (asked.positions > 0) options.positions = Positions::sampled(asked.positions, asked.seed);
  if (asked.mask) options.held_mask = mask_of(*asked.mask, "mask", options.reading.layout);
  options.precision = enum_of<Precision>("precision", asked.precision);
  options.error_blocks = asked.standard_errors;
  options.max_features = asked.max_features;
  return options;
}

std::vector<Texts> compare_arrays(Array x, Array y, const std::string& name_x,
                                  const std::string& name_y, const Asked& asked) {
  const auto tensor_x = std::make_shared<ArrayTensor>(std::move(x), name_x);
  const auto tensor_y = std::make_shared<ArrayTensor>(std::move(y), name_y);
  const tool::CompareOptions options = options_of(asked);
  std::vector<Texts> texts;
  const WithoutLock unlocked;
  for (const tool::Comparison& comparison : tool::compare_tensors({tensor_x, tensor_y}, options)) {
    texts.push_back(texts_of(comparison));
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
  bind_result_options(module);
  nb::class_<Asked, AskedResults>(module, "CompareOptions")
      .def(nb::init<>())
      .def_rw("layout", &Asked::layout)
      .def_rw("samples", &Asked::samples)
      .def_rw("step", &Asked::step)
      .def_rw("positions", &Asked::positions)
      .def_rw("seed", &Asked::seed)
      .def_rw("mask", &Asked::mask, nb::arg().none())
      .def_rw("precision", &Asked::precision)
      .def_rw("standard_errors", &Asked::standard_errors)
      .def_rw("max_features", &Asked::max_features);
  module.def("compare_arrays", &compare_arrays);
  module.def("measure_names", &measure_names);
  module.def("mean_correlation_floor", &mean_correlation_floor);
}

}  // namespace livecca::python
