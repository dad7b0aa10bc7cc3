#pragma once

#include <nanobind/nanobind.h>

namespace livecca::python {

// Each adds its part to the module.
void bind_compare(nanobind::module_& module);
void bind_layer_table(nanobind::module_& module);
void bind_moments(nanobind::module_& module);
void bind_monitor(nanobind::module_& module);
void bind_program(nanobind::module_& module);
void bind_recorder(nanobind::module_& module);
void bind_replay(nanobind::module_& module);
void bind_report_rules(nanobind::module_& module);
void bind_row_choice(nanobind::module_& module);
void bind_rows(nanobind::module_& module);
void bind_serve(nanobind::module_& module);

}  // namespace livecca::python
