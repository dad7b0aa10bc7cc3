#pragma once

#include <nanobind/nanobind.h>

namespace livecca::python {

/// Adds Schedule, Window, Pairing and MonitorOptions to the module.
void bind_monitor_options(nanobind::module_& module);

}  // namespace livecca::python
