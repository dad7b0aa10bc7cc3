#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/row_key.hpp"
#include "module.hpp"
#include "monitor_options.hpp"
#include "named.hpp"
#include "report_lines.hpp"
#include "step.hpp"
#include "view_arguments.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// A monitor whose end waits without Python's lock: its callbacks may be waiting for that.
class OwnedMonitor {
 public:
  OwnedMonitor(MonitorOptions options, const std::optional<std::filesystem::path>& checkpoint) {
    const nb::gil_scoped_release release;
    monitor_ = checkpoint ? std::make_unique<Monitor>(std::move(options), *checkpoint)
                          : std::make_unique<Monitor>(std::move(options));
  }
  ~OwnedMonitor() { close(); }
  OwnedMonitor(const OwnedMonitor&) = delete;
  OwnedMonitor& operator=(const OwnedMonitor&) = delete;

  void close() {
    const nb::gil_scoped_release release;
    monitor_.reset();
  }
  Monitor& get() {
    if (!monitor_) throw Error("expected a monitor that is not closed, got one that is");
    return *monitor_;
  }

 private:
  std::unique_ptr<Monitor> monitor_;
};

std::size_t watch(OwnedMonitor& monitor, const std::string& network, const std::string& layer,
                  const std::string& layout, const std::string& samples, std::size_t step) {
  const Reading reading = reading_of(layout, samples, step);
  const nb::gil_scoped_release release;
  return monitor.get().watch(network, layer, reading).index;
}

OwnedStep begin(OwnedMonitor& monitor, const std::string& stream, std::int64_t epoch) {
  return OwnedStep(monitor.get().begin(enum_of<Stream>("stream", stream), epoch));
}

std::optional<OwnedStep> begin_if_due(OwnedMonitor& monitor, const std::string& stream,
                                      std::int64_t epoch) {
  auto step = monitor.get().begin_if_due(enum_of<Stream>("stream", stream), epoch);
  if (!step) return std::nullopt;
  return OwnedStep(std::move(*step));
}

SnapshotTicket snapshot(OwnedMonitor& monitor, std::int64_t epoch,
                        const std::optional<std::string>& stream) {
  Monitor& owned = monitor.get();
  const auto of_one = stream ? std::optional(enum_of<Stream>("stream", *stream)) : std::nullopt;
  const nb::gil_scoped_release release;
  return of_one ? owned.snapshot(epoch, *of_one) : owned.snapshot(epoch);
}

std::optional<std::string> latest(OwnedMonitor& monitor, const std::string& layer,
                                  const std::string& reference, const std::string& measure,
                                  const std::string& reference_layer,
                                  const std::optional<std::string>& stream) {
  RowKey key{.layer = layer,
             .reference = reference,
             .measure = measure,
             .reference_layer = reference_layer};
  if (stream) key.stream = enum_of<Stream>("stream", *stream);
  const auto row = monitor.get().latest(key);
  if (!row) return std::nullopt;
  return line_of_row(*row);
}

void expect_done(const Result<void>& result) {
  if (!result) throw Error(result.why());
}

nb::typed<nb::dict, nb::str, nb::any> plan(OwnedMonitor& monitor, std::size_t images_per_step) {
  const PanelPlan plan = monitor.get().plan(images_per_step);
  nb::dict result;
  result["moments_bytes"] = plan.moments_bytes;
  result["step_bytes"] = plan.step_bytes;
  result["flops"] = plan.flops;
  return result;
}

void bind_ticket(nb::module_& module) {
  nb::class_<SnapshotTicket>(module, "SnapshotTicket")
      .def("ready", &SnapshotTicket::ready)
      .def("wait", [](const SnapshotTicket& ticket) {
        const nb::gil_scoped_release release;
        return lines_of(ticket.wait());
      });
}

}  // namespace

void bind_monitor(nb::module_& module) {
  bind_monitor_options(module);
  bind_step(module);
  bind_ticket(module);
  const auto without_lock = nb::call_guard<nb::gil_scoped_release>();
  nb::class_<OwnedMonitor>(module, "Monitor")
      .def(nb::init<MonitorOptions, const std::optional<std::filesystem::path>&>())
      .def("watch", &watch)
      .def("add_reference",
           [](OwnedMonitor& monitor, const std::string& name, const std::filesystem::path& pack) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             expect_done(owned.add_reference(name, pack));
           })
      .def("plan", &plan)
      .def(
          "training_step",
          [](OwnedMonitor& monitor, std::int64_t epoch) { monitor.get().training_step(epoch); },
          without_lock)
      .def("begin", &begin, nb::keep_alive<0, 1>())
      .def("begin_if_due", &begin_if_due, nb::keep_alive<0, 1>())
      .def("claim_probe_pass",
           [](OwnedMonitor& monitor, std::int64_t epoch) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             return owned.claim_probe_pass(epoch);
           })
      .def("discard_probe_pass",
           [](OwnedMonitor& monitor, std::int64_t epoch, const std::string& why) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             owned.discard_probe_pass(epoch, why);
           })
      .def("snapshot", &snapshot)
      .def("snapshot_if_due",
           [](OwnedMonitor& monitor, std::int64_t epoch) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             return owned.snapshot_if_due(epoch);
           })
      .def("latest", &latest)
      .def("log",
           [](OwnedMonitor& monitor, std::optional<std::int64_t> epoch, const std::string& name,
              double value) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             if (epoch) {
               owned.log(*epoch, name, value);
             } else {
               owned.log(name, value);
             }
           })
      .def("save",
           [](OwnedMonitor& monitor, const std::filesystem::path& folder) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             expect_done(owned.save(folder));
           })
      .def("finish",
           [](OwnedMonitor& monitor) {
             Monitor& owned = monitor.get();
             const nb::gil_scoped_release release;
             return lines_of(owned.finish());
           })
      .def("close", &OwnedMonitor::close)
      .def("recorder_options",
           [](OwnedMonitor& monitor, const std::string& network) {
             return monitor.get().recorder_options(network);
           })
      .def_prop_ro("run_directory",
                   [](OwnedMonitor& monitor) { return monitor.get().run_directory(); })
      .def_prop_ro("network", [](OwnedMonitor& monitor) { return monitor.get().network(); })
      .def_prop_ro("is_forked", [](OwnedMonitor& monitor) { return monitor.get().is_forked(); });
}

}  // namespace livecca::python
