#include "step.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "livecca/common/error.hpp"
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
  const GatheredRows gathered{.values = view_of(rows, "the rows"),
                              .shape = {shape[0], shape[1], {shape[3], shape[4], shape[2]}},
                              .positions = positions ? whole_numbers_of(*positions, "the positions")
                                                     : std::span<const std::int64_t>()};
  const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
  with_step([&](Monitor::Step& step) { step.observe(TapHandle{tap}, gathered, valid); });
}

RowChoice OwnedStep::choice() {
  return with_step([](const Monitor::Step& step) { return step.choice(); });
}

std::size_t OwnedStep::images(std::size_t all) { return choice().images(all); }

std::size_t OwnedStep::rows_per_image(std::size_t grid_size) {
  return livecca::rows_per_image(choice().positions, Grid{1, grid_size});
}

nb::bytes OwnedStep::positions(std::size_t images, std::size_t smallest, std::size_t largest) {
  const RowChoice choice = this->choice();
  const std::size_t most = livecca::rows_per_image(choice.positions, Grid{1, largest});
  std::vector<std::int32_t> result((largest + 1 - smallest) * images * most);
  std::vector<std::size_t> chosen;
  auto image_begin = result.begin();
  for (std::size_t size = smallest; size <= largest; ++size) {
    for (std::size_t image = 0; image < images; ++image) {
      choose_positions(choice.positions, Grid{1, size}, choice.first_image + image, chosen);
      std::ranges::transform(chosen, image_begin,
                             [](std::size_t one) { return static_cast<std::int32_t>(one); });
      image_begin += static_cast<std::ptrdiff_t>(most);
    }
  }
  return nb::bytes(result.data(), result.size() * sizeof(std::int32_t));
}

std::optional<nb::bytes> OwnedStep::features(std::size_t width) {
  const RowChoice choice = this->choice();
  if (choice.max_features == 0 || width <= choice.max_features) return std::nullopt;
  std::vector<std::size_t> chosen;
  choose_features(width, choice.max_features, choice.feature_seed, chosen);
  const std::vector<std::int64_t> result(chosen.begin(), chosen.end());
  return nb::bytes(result.data(), result.size() * sizeof(std::int64_t));
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
      .def("images", &OwnedStep::images)
      .def("rows_per_image", &OwnedStep::rows_per_image)
      .def("positions", &OwnedStep::positions)
      .def("features", &OwnedStep::features)
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
