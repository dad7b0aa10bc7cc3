#include "monitor_options.hpp"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "livecca/common/error.hpp"
#include "livecca/monitor/options.hpp"
#include "livecca/sinks/prometheus.hpp"
#include "livecca/sinks/tensorboard.hpp"
#include "named.hpp"
#include "python_function.hpp"
#include "report_lines.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

void bind_schedule(nb::module_& module) {
  nb::class_<Progress>(module, "Progress")
      .def_ro("step", &Progress::step)
      .def_ro("epoch", &Progress::epoch)
      .def_ro("seconds", &Progress::seconds);
  nb::class_<Schedule>(module, "Schedule")
      .def(nb::init<const Schedule&>())
      .def_static("never", &Schedule::never)
      .def_static("every_steps", &Schedule::every_steps, nb::arg("steps"))
      .def_static("every_epochs", &Schedule::every_epochs, nb::arg("epochs"))
      .def_static("every_seconds", &Schedule::every_seconds, nb::arg("seconds"))
      .def_static("log_spaced", &Schedule::log_spaced, nb::arg("per_decade"))
      .def_static(
          "when",
          [](nb::typed<nb::callable, bool(Progress)> predicate) {
            return Schedule::when(PythonFunction(std::move(predicate)));
          },
          nb::arg("predicate"))
      .def("__repr__",
           [](const Schedule& schedule) { return "<Schedule " + schedule.text() + ">"; });
}

void bind_window(nb::module_& module) {
  nb::class_<Window>(module, "Window")
      .def(nb::init<const Window&>())
      .def_static("all", &Window::all)
      .def_static("since_snapshot", &Window::since_snapshot)
      .def_static("exponential", &Window::exponential, nb::arg("half_life"))
      .def_static("last_blocks", &Window::last_blocks, nb::arg("blocks"),
                  nb::arg("images_per_block"))
      .def("__repr__", [](const Window& window) {
        return std::string("<Window ") + name_of(window.kind) + ">";
      });
}

void bind_pairing(nb::module_& module) {
  nb::class_<Pairing>(module, "Pairing")
      .def(nb::init<const Pairing&>())
      .def_static("by_name", &Pairing::by_name)
      .def_static("by_patterns", &Pairing::by_patterns, nb::arg("patterns"))
      .def_static("all", &Pairing::all)
      .def("__repr__", [](const Pairing& pairing) { return "<Pairing " + pairing.text() + ">"; });
}

void bind_sinks(nb::module_& module) {
  nb::class_<Sink>(module, "Sink").def_prop_ro("name", &Sink::name);
  module.def(
      "tensorboard_sink",
      [](const std::filesystem::path& folder, bool by_epoch) {
        return tensorboard_sink(
            {.folder = folder, .axis = by_epoch ? TensorBoardAxis::epoch : TensorBoardAxis::step});
      },
      nb::arg("folder"), nb::arg("by_epoch"));
  module.def(
      "prometheus_sink",
      [](const std::string& address, int port) -> std::shared_ptr<Sink> {
        return std::make_shared<PrometheusSink>(
            PrometheusOptions{.address = address, .port = port});
      },
      nb::arg("address"), nb::arg("port"));
}

template <double VerdictOptions::*Field>
double verdict(const MonitorOptions& options) {
  return options.verdicts.*Field;
}

template <double VerdictOptions::*Field>
void set_verdict(MonitorOptions& options, double value) {
  options.verdicts.*Field = value;
}

/// Options of Python have the names of C++; enumerators are their names, and what is counted in
/// images is 0 where all are meant.
void bind_options(nb::module_& module) {
  using Options = MonitorOptions;
  nb::class_<Options>(module, "MonitorOptions")
      .def(nb::init<>())
      .def("check",
           [](const Options& options) {
             if (const auto valid = options.check(); !valid) throw Error(valid.why());
           })
      .def_rw("run_directory", &Options::run_directory)
      .def_rw("run", &Options::run)
      .def_rw("network", &Options::network)
      .def_rw("measures", &Options::measures)
      .def_rw("keep_variance", &Options::keep_variance)
      .def_rw("partial_whitening_alpha", &Options::partial_whitening_alpha)
      .def("set_positions",
           [](Options& options, std::size_t per_image, std::uint64_t seed) {
             options.positions = Positions::sampled(per_image, seed);
           })
      .def("set_precision",
           [](Options& options, const std::string& name) {
             options.precision = enum_of<Precision>("precision", name);
           })
      .def_rw("max_features", &Options::max_features)
      .def_rw("feature_seed", &Options::feature_seed)
      .def_rw("memory_limit", &Options::memory_limit)
      .def_rw("most_taps", &Options::most_taps)
      .def_rw("error_blocks", &Options::error_blocks)
      .def_rw("pairing", &Options::pairing)
      .def_rw("compare_before", &Options::compare_before)
      .def_rw("train_window", &Options::train_window)
      .def_rw("probe_schedule", &Options::probe_schedule)
      .def_rw("train_schedule", &Options::train_schedule)
      .def_rw("train_snapshots", &Options::train_snapshots)
      .def_rw("overhead_budget", &Options::overhead_budget)
      .def_rw("threads", &Options::threads)
      .def_rw("queue_steps", &Options::queue_steps)
      .def_rw("synchronous", &Options::synchronous)
      .def_rw("keep_history", &Options::keep_history)
      .def("set_history_precision",
           [](Options& options, const std::string& name) {
             options.history_precision = enum_of<PackPrecision>("history_precision", name);
           })
      .def_rw("history_images", &Options::history_images)
      .def_rw("history_seed", &Options::history_seed)
      .def_rw("history_byte_limit", &Options::history_byte_limit)
      .def_prop_rw(
          "verdict_snapshots", [](const Options& options) { return options.verdicts.snapshots; },
          [](Options& options, std::size_t value) { options.verdicts.snapshots = value; })
      .def_prop_rw(
          "verdict_first_verdict",
          [](const Options& options) { return options.verdicts.first_verdict; },
          [](Options& options, std::size_t value) { options.verdicts.first_verdict = value; })
      .def_prop_rw(
          "verdict_own_motion", [](const Options& options) { return options.verdicts.own_motion; },
          [](Options& options, bool value) { options.verdicts.own_motion = value; })
      .def_prop_rw("verdict_tolerance", &verdict<&VerdictOptions::tolerance>,
                   &set_verdict<&VerdictOptions::tolerance>)
      .def_prop_rw("verdict_least_change", &verdict<&VerdictOptions::least_change>,
                   &set_verdict<&VerdictOptions::least_change>)
      .def_prop_rw("verdict_dead_share", &verdict<&VerdictOptions::dead_share>,
                   &set_verdict<&VerdictOptions::dead_share>)
      .def_prop_rw("verdict_exploding_growth", &verdict<&VerdictOptions::exploding_growth>,
                   &set_verdict<&VerdictOptions::exploding_growth>)
      .def_prop_rw("verdict_nonfinite_share", &verdict<&VerdictOptions::nonfinite_share>,
                   &set_verdict<&VerdictOptions::nonfinite_share>)
      .def_rw("sinks", &Options::sinks)
      .def_rw("notes", &Options::notes)
      .def("set_on_event",
           [](Options& options, nb::typed<nb::callable, void(std::string)> call) {
             options.on_event = [call = PythonFunction(std::move(call))](const Event& event) {
               call(line_of(event));
             };
           })
      .def("set_on_snapshot",
           [](Options& options,
              nb::typed<nb::callable, void(std::int64_t, std::vector<std::string>)> call) {
             options.on_snapshot =
                 [call = PythonFunction(std::move(call))](const SnapshotReport& report) {
                   call(report.epoch, lines_of(report));
                 };
           });
}

}  // namespace

void bind_monitor_options(nb::module_& module) {
  bind_schedule(module);
  bind_window(module);
  bind_pairing(module);
  bind_sinks(module);
  bind_options(module);
}

}  // namespace livecca::python
