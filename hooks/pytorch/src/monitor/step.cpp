#include "step.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <mutex>
#include <utility>

#include "livecca/common/error.hpp"
#include "row_choice.hpp"
#include "view_arguments.hpp"

namespace livecca::python {

namespace nb = nanobind;

OwnedStep::OwnedStep(std::shared_ptr<SharedMonitor> monitor, Monitor::Step step)
    : monitor_(std::move(monitor)), step_(std::make_shared<SharedStep>()) {
  step_->step.emplace(std::move(step));
  monitor_->add(step_);
}

OwnedStep::~OwnedStep() {
  if (step_ == nullptr) return;  // it was moved
  if (!python_ends()) discard();
  monitor_->remove(step_);
}

template <typename Use>
auto OwnedStep::with_step(const Use& use) {
  const WithoutLock unlocked;
  const SharedMonitor::Call call(*monitor_);
  static_cast<void>(call.get());
  const std::scoped_lock lock(step_->mutex);
  if (!step_->step) throw Error("expected a step that is open, got one that was discarded");
  return use(*step_->step);
}

void OwnedStep::observe(std::size_t tap, const Array& array, const std::optional<Array>& mask) {
  const ActivationView view = view_of(array, "the activations");
  const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
  with_step([&](Monitor::Step& step) { step.observe(TapHandle{tap}, view, valid); });
}

void OwnedStep::observe_gathered(std::size_t tap, const Array& rows,
                                 const std::optional<Array>& positions,
                                 const std::array<std::size_t, 5>& shape,
                                 const std::optional<Array>& mask) {
  const GatheredRows gathered = gathered_rows(rows, positions, shape);
  const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
  with_step([&](Monitor::Step& step) { step.observe(TapHandle{tap}, gathered, valid); });
}

RowChoice OwnedStep::choice() {
  return with_step([](const Monitor::Step& step) { return step.choice(); });
}

void OwnedStep::set_inputs(const Array& array) {
  const RawView view = raw_view_of(array, "inputs");
  with_step([&](Monitor::Step& step) {
    step.set_inputs(view.data, view.element_type, view.element_bytes, view.shape, view.strides);
  });
}

void OwnedStep::set_training_mode(const std::string& network, bool is_training) {
  with_step([&](Monitor::Step& step) { step.set_training_mode(network, is_training); });
}

void OwnedStep::report_unwatchable(const std::string& tap, const std::string& why) {
  with_step([&](Monitor::Step& step) { step.report_unwatchable(tap, why); });
}

void OwnedStep::add_reference_time(double seconds) {
  with_step([&](Monitor::Step& step) { step.add_reference_time(seconds); });
}

void OwnedStep::add_observing_time(double seconds) {
  with_step([&](Monitor::Step& step) { step.add_observing_time(seconds); });
}

void OwnedStep::commit() {
  with_step([](Monitor::Step& step) { step.commit(); });
}

void OwnedStep::discard() {
  const WithoutLock unlocked;
  const SharedMonitor::Call call(*monitor_);
  const std::scoped_lock lock(step_->mutex);
  step_->step.reset();
}

void bind_step(nb::module_& module) {
  nb::class_<OwnedStep>(module, "Step")
      .def("observe", &OwnedStep::observe, nb::arg("tap"), nb::arg("array"),
           nb::arg("mask").none() = nb::none())
      .def("observe_gathered", &OwnedStep::observe_gathered, nb::arg("tap"), nb::arg("rows"),
           nb::arg("positions").none(), nb::arg("shape"), nb::arg("mask").none())
      .def("choice", &OwnedStep::choice)
      .def("set_inputs", &OwnedStep::set_inputs)
      .def("set_training_mode", &OwnedStep::set_training_mode, nb::arg("network"),
           nb::arg("is_training"))
      .def("report_unwatchable", &OwnedStep::report_unwatchable)
      .def("add_reference_time", &OwnedStep::add_reference_time)
      .def("add_observing_time", &OwnedStep::add_observing_time)
      .def("commit", &OwnedStep::commit)
      .def("discard", &OwnedStep::discard);
}

}  // namespace livecca::python
