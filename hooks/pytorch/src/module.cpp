#include "module.hpp"

#include <exception>

#include "commands/command.hpp"
#include "inputs/input_error.hpp"
#include "livecca/common/error.hpp"

namespace {

namespace nb = nanobind;

/// Input and arguments that cannot be used are livecca.Error too, with the same one line.
void translate(const std::exception_ptr& failure, void* python_error) {
  auto* const error = static_cast<PyObject*>(python_error);
  try {
    std::rethrow_exception(failure);
  } catch (const livecca::tool::UsageError& reason) {
    PyErr_SetString(error, reason.what());
  } catch (const livecca::tool::InputError& reason) {
    PyErr_SetString(error, reason.what());
  }
}

}  // namespace

NB_MODULE(_core, module) {
  // An object that lives until the process ends is no leak of ours, and nothing to alarm users
  // with.
  nb::set_leak_warnings(false);
  module.attr("version") = LIVECCA_VERSION;
  nb::exception<livecca::Error> error(module, "Error");
  error.attr("__doc__") =
      "What livecca refuses: one line that says what, where, what was expected and what to do.";
  nb::register_exception_translator(translate, error.ptr());
  livecca::python::bind_compare(module);
  livecca::python::bind_layer_table(module);
  livecca::python::bind_moments(module);
  livecca::python::bind_monitor(module);
  livecca::python::bind_program(module);
  livecca::python::bind_recorder(module);
  livecca::python::bind_replay(module);
  livecca::python::bind_report_rules(module);
  livecca::python::bind_row_choice(module);
  livecca::python::bind_rows(module);
  livecca::python::bind_serve(module);
}
