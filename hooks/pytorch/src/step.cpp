#include "step.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "livecca/common/error.hpp"
#include "view_arguments.hpp"

namespace livecca::python {

namespace nb = nanobind;

Monitor::Step& OwnedStep::open() {
  if (!step_) throw Error("expected a step that is open, got one that was discarded");
  return *step_;
}

void OwnedStep::observe(std::size_t tap, const Array& array, const std::optional<Array>& mask) {
  Monitor::Step& step = open();
  const ActivationView view = view_of(array, "the activations");
  const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
  const nb::gil_scoped_release release;
  step.observe(TapHandle{tap}, view, valid);
}

void OwnedStep::set_inputs(const Array& array) {
  Monitor::Step& step = open();
  const RawView view = raw_view_of(array, "inputs");
  const nb::gil_scoped_release release;
  step.set_inputs(view.data, view.element_type, view.element_bytes, view.shape, view.strides);
}

void OwnedStep::report_unwatchable(const std::string& tap, const std::string& why) {
  open().report_unwatchable(tap, why);
}

void OwnedStep::add_reference_time(double seconds) { open().add_reference_time(seconds); }

void OwnedStep::add_observing_time(double seconds) { open().add_observing_time(seconds); }

void OwnedStep::commit() {
  Monitor::Step& step = open();
  const nb::gil_scoped_release release;
  step.commit();
}

void OwnedStep::discard() {
  const nb::gil_scoped_release release;
  step_.reset();
}

void bind_step(nb::module_& module) {
  nb::class_<OwnedStep>(module, "Step")
      .def("observe", &OwnedStep::observe, nb::arg("tap"), nb::arg("array"),
           nb::arg("mask").none() = nb::none())
      .def("set_inputs", &OwnedStep::set_inputs)
      .def("report_unwatchable", &OwnedStep::report_unwatchable)
      .def("add_reference_time", &OwnedStep::add_reference_time)
      .def("add_observing_time", &OwnedStep::add_observing_time)
      .def("commit", &OwnedStep::commit)
      .def("discard", &OwnedStep::discard);
}

}  // namespace livecca::python
