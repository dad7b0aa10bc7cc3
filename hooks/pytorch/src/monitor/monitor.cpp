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
#include "python_lock.hpp"
#include "report_lines.hpp"
#include "shared_monitor.hpp"
#include "step.hpp"
#include "view_arguments.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;

/// What Python's object holds. Its steps hold the monitor too.
class OwnedMonitor {
 public:
  OwnedMonitor(MonitorOptions options, const std::optional<std::filesystem::path>& checkpoint) {
    const WithoutLock unlocked;
    monitor_ = std::make_shared<SharedMonitor>(std::move(options), checkpoint);
  }

  const std::shared_ptr<SharedMonitor>& shared() const { return monitor_; }
  /// use(monitor) without Python's lock. Throws Error if it is closed.
  template <typename Use>
  auto with(const Use& use) const {
    const WithoutLock unlocked;
    const SharedMonitor::Call call(*monitor_);
    return use(call.get());
  }

 private:
  std::shared_ptr<SharedMonitor> monitor_;
};

void expect_done(const Result<void>& result) {
  if (!result) throw Error(result.why());
}

std::size_t watch(const OwnedMonitor& owned, const std::string& network, const std::string& layer,
                  const std::string& layout, const std::string& samples, std::size_t step) {
  const Reading reading = reading_of(layout, samples, step);
  return owned.with([&](Monitor& monitor) { return monitor.watch(network, layer, reading).index; });
}

OwnedStep begin(const OwnedMonitor& owned, const std::string& stream, std::int64_t epoch) {
  const Stream of = enum_of<Stream>("stream", stream);
  return owned.with(
      [&](Monitor& monitor) { return OwnedStep(owned.shared(), monitor.begin(of, epoch)); });
}

std::optional<OwnedStep> begin_if_due(const OwnedMonitor& owned, const std::string& stream,
                                      std::int64_t epoch) {
  const Stream of = enum_of<Stream>("stream", stream);
  return owned.with([&](Monitor& monitor) -> std::optional<OwnedStep> {
    auto step = monitor.begin_if_due(of, epoch);
    if (!step) return std::nullopt;
    return std::optional<OwnedStep>(std::in_place, owned.shared(), *std::move(step));
  });
}

SnapshotTicket snapshot(const OwnedMonitor& owned, std::int64_t epoch,
                        const std::optional<std::string>& stream) {
  if (!stream) return owned.with([&](Monitor& monitor) { return monitor.snapshot(epoch); });
  const Stream of_one = enum_of<Stream>("stream", *stream);
  return owned.with([&](Monitor& monitor) { return monitor.snapshot(epoch, of_one); });
}

std::optional<std::string> latest(const OwnedMonitor& owned, const std::string& layer,
                                  const std::string& reference, const std::string& measure,
                                  const std::string& reference_layer,
                                  const std::optional<std::string>& stream) {
  RowKey key{.layer = layer,
             .reference = reference,
             .measure = measure,
             .reference_layer = reference_layer};
  if (stream) key.stream = enum_of<Stream>("stream", *stream);
  return owned.with([&](const Monitor& monitor) -> std::optional<std::string> {
    const auto row = monitor.latest(key);
    return row ? std::optional(line_of_row(*row)) : std::nullopt;
  });
}

nb::typed<nb::dict, nb::str, nb::any> plan(const OwnedMonitor& owned, std::size_t images) {
  const PanelPlan plan = owned.with([&](const Monitor& monitor) { return monitor.plan(images); });
  nb::dict result;
  result["moments_bytes"] = plan.moments_bytes;
  result["step_bytes"] = plan.step_bytes;
  result["flops"] = plan.flops;
  result["widest_features"] = plan.widest_features;
  result["images_needed"] = plan.images_needed;
  return result;
}

void log(const OwnedMonitor& owned, std::optional<std::int64_t> epoch, const std::string& name,
         double value) {
  owned.with([&](Monitor& monitor) {
    if (epoch) {
      monitor.log(*epoch, name, value);
    } else {
      monitor.log(name, value);
    }
  });
}

std::vector<std::string> finish(const OwnedMonitor& owned) {
  const WithoutLock unlocked;
  return lines_of(owned.shared()->finish());
}

void close(const OwnedMonitor& owned) {
  const WithoutLock unlocked;
  owned.shared()->close();
}

void bind_ticket(nb::module_& module) {
  nb::class_<SnapshotTicket>(module, "SnapshotTicket")
      .def("ready", &SnapshotTicket::ready)
      .def("wait", [](const SnapshotTicket& ticket) {
        const WithoutLock unlocked;
        return lines_of(ticket.wait());
      });
}

}  // namespace

void bind_monitor(nb::module_& module) {
  bind_monitor_options(module);
  bind_step(module);
  bind_ticket(module);
  nb::class_<OwnedMonitor>(module, "Monitor")
      .def(nb::init<MonitorOptions, const std::optional<std::filesystem::path>&>())
      .def("watch", &watch)
      .def("add_reference",
           [](const OwnedMonitor& owned, const std::string& name,
              const std::filesystem::path& pack) {
             owned.with([&](Monitor& monitor) { expect_done(monitor.add_reference(name, pack)); });
           })
      .def("plan", &plan)
      .def("training_step",
           [](const OwnedMonitor& owned, std::int64_t epoch) {
             owned.with([&](Monitor& monitor) { monitor.training_step(epoch); });
           })
      .def("begin", &begin)
      .def("begin_if_due", &begin_if_due)
      .def("claim_probe_pass",
           [](const OwnedMonitor& owned, std::int64_t epoch) {
             return owned.with([&](Monitor& monitor) { return monitor.claim_probe_pass(epoch); });
           })
      .def("discard_probe_pass",
           [](const OwnedMonitor& owned, std::int64_t epoch, const std::string& why) {
             owned.with([&](Monitor& monitor) { monitor.discard_probe_pass(epoch, why); });
           })
      .def("snapshot", &snapshot)
      .def("snapshot_if_due",
           [](const OwnedMonitor& owned, std::int64_t epoch) {
             return owned.with([&](Monitor& monitor) { return monitor.snapshot_if_due(epoch); });
           })
      .def("latest", &latest)
      .def("log", &log)
      .def("save",
           [](const OwnedMonitor& owned, const std::filesystem::path& folder) {
             owned.with([&](Monitor& monitor) { expect_done(monitor.save(folder)); });
           })
      .def("finish", &finish)
      .def("close", &close)
      .def("recorder_options",
           [](const OwnedMonitor& owned, const std::string& network) {
             return owned.with(
                 [&](const Monitor& monitor) { return monitor.recorder_options(network); });
           })
      .def("expect_outside", [](const OwnedMonitor& owned,
                                const std::string& what) { owned.shared()->expect_outside(what); })
      .def_prop_ro("is_called_here",
                   [](const OwnedMonitor& owned) { return owned.shared()->is_called_here(); })
      .def_prop_ro(
          "run_directory",
          [](const OwnedMonitor& owned) {
            return owned.with([](const Monitor& monitor) { return monitor.run_directory(); });
          })
      .def_prop_ro("network",
                   [](const OwnedMonitor& owned) {
                     return owned.with([](const Monitor& monitor) { return monitor.network(); });
                   })
      .def_prop_ro("is_forked", [](const OwnedMonitor& owned) {
        return owned.with([](const Monitor& monitor) { return monitor.is_forked(); });
      });
}

}  // namespace livecca::python
