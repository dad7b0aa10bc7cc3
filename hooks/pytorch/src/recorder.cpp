#include <nanobind/stl/array.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "livecca/common/error.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "livecca/packs/recorder.hpp"
#include "module.hpp"
#include "named.hpp"
#include "python_lock.hpp"
#include "row_choice.hpp"
#include "view_arguments.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// A recorder whose calls from several threads of Python wait for each other.
class OwnedRecorder {
 public:
  OwnedRecorder(const std::filesystem::path& path, const RecorderOptions& options)
      : recorder_(path, options) {}

  void observe(const std::string& layer, const std::string& layout, const std::string& samples,
               std::size_t step, const Array& array, const std::optional<Array>& mask) {
    const Reading reading = reading_of(layout, samples, step);
    const ActivationView view = view_of(array, "the activations of " + layer);
    const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
    with_recorder([&] { recorder_.observe(layer, reading, view, valid); });
  }
  /// The same of rows that were gathered as choice() says; see gathered_rows().
  void observe_gathered(const std::string& layer, const std::string& layout,
                        const std::string& samples, std::size_t step, const Array& rows,
                        const std::optional<Array>& positions,
                        const std::array<std::size_t, 5>& shape, const std::optional<Array>& mask) {
    const Reading reading = reading_of(layout, samples, step);
    const GatheredRows gathered = gathered_rows(rows, positions, shape);
    const SequenceMask valid = mask ? mask_view(*mask) : SequenceMask();
    with_recorder([&] { recorder_.observe(layer, reading, gathered, valid); });
  }
  RowChoice choice() {
    return with_recorder([&] { return recorder_.choice(); });
  }
  void set_training_mode(bool is_training) {
    with_recorder([&] { recorder_.set_training_mode(is_training); });
  }
  void set_inputs(const Array& array) {
    const RawView view = raw_view_of(array, "inputs");
    with_recorder([&] {
      recorder_.set_inputs(view.data, view.element_type, view.element_bytes, view.shape,
                           view.strides);
    });
  }
  void end_batch() {
    with_recorder([&] { recorder_.end_batch(); });
  }
  void finish() {
    with_recorder([&] {
      if (const auto done = recorder_.finish(); !done) throw Error(done.why());
    });
  }

 private:
  template <typename Use>
  std::invoke_result_t<const Use&> with_recorder(const Use& use) {
    const WithoutLock unlocked;
    const std::scoped_lock lock(mutex_);
    return use();
  }

  std::mutex mutex_;
  Recorder recorder_;
};

/// Throws Error if the file is no pack.
void check_pack(const std::filesystem::path& path) {
  const WithoutLock unlocked;
  if (const auto pack = RecordedPack::open(path); !pack) throw Error(pack.why());
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
  nb::class_<OwnedRecorder>(module, "Recorder")
      .def(nb::init<std::filesystem::path, RecorderOptions>())
      .def("observe", &OwnedRecorder::observe)
      .def("observe_gathered", &OwnedRecorder::observe_gathered, nb::arg("layer"),
           nb::arg("layout"), nb::arg("samples"), nb::arg("step"), nb::arg("rows"),
           nb::arg("positions").none(), nb::arg("shape"), nb::arg("mask").none())
      .def("choice", &OwnedRecorder::choice)
      .def("set_training_mode", &OwnedRecorder::set_training_mode, nb::arg("is_training"))
      .def("set_inputs", &OwnedRecorder::set_inputs)
      .def("end_batch", &OwnedRecorder::end_batch)
      .def("finish", &OwnedRecorder::finish);
  module.def("check_pack", &check_pack, nb::arg("path"));
}

}  // namespace livecca::python
