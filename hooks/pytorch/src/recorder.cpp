#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <string>

#include "livecca/packs/recorder.hpp"
#include "module.hpp"
#include "named.hpp"
#include "view_arguments.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

void observe(Recorder& recorder, const std::string& layer, const std::string& layout,
             const std::string& samples, std::size_t step, const Array& array,
             const std::optional<Array>& mask) {
  const Reading reading = reading_of(layout, samples, step);
  const ActivationView view = view_of(array, "the activations of " + layer);
  const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
  const nb::gil_scoped_release release;
  recorder.observe(layer, reading, view, valid);
}

void set_inputs(Recorder& recorder, const Array& array) {
  const RawView view = raw_view_of(array, "inputs");
  const nb::gil_scoped_release release;
  recorder.set_inputs(view.data, view.element_type, view.element_bytes, view.shape, view.strides);
}

void finish(Recorder& recorder) {
  const nb::gil_scoped_release release;
  if (const auto done = recorder.finish(); !done) throw Error(done.why());
}

}  // namespace

void bind_recorder(nb::module_& module) {
  nb::class_<RecorderOptions>(module, "RecorderOptions")
      .def(nb::init<>())
      .def_rw("network", &RecorderOptions::network)
      .def_rw("epoch", &RecorderOptions::epoch)
      .def_rw("step", &RecorderOptions::step)
      .def("set_positions",
           [](RecorderOptions& options, std::size_t per_image, std::uint64_t seed) {
             options.positions = Positions::sampled(per_image, seed);
           })
      .def_rw("max_features", &RecorderOptions::max_features)
      .def_rw("feature_seed", &RecorderOptions::feature_seed)
      .def("set_precision",
           [](RecorderOptions& options, const std::string& name) {
             options.precision = enum_of<PackPrecision>("precision", name);
           })
      .def_rw("images", &RecorderOptions::images)
      .def_rw("images_seed", &RecorderOptions::images_seed);
  nb::class_<Recorder>(module, "Recorder")
      .def(nb::init<std::filesystem::path, RecorderOptions>())
      .def("observe", &observe)
      .def("set_inputs", &set_inputs)
      .def("end_batch", &Recorder::end_batch, nb::call_guard<nb::gil_scoped_release>())
      .def("finish", &finish);
}

}  // namespace livecca::python
