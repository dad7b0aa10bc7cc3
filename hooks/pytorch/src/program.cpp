#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <ios>
#include <memory>
#include <string>
#include <vector>

#include "commands/command.hpp"
#include "module.hpp"
#include "output_stream.hpp"
#include "python_lock.hpp"

namespace livecca::python {
namespace {

namespace nb = nanobind;
using tool::Command;
using tool::Option;
using tool::ValueCount;

const char* name_of(ValueCount values) {
  switch (values) {
    case ValueCount::none:
      return "none";
    case ValueCount::one:
      return "one";
    case ValueCount::many:
      return "many";
  }
  return nullptr;
}

/// Runs a command whose options are given by name, in any order, each with its values. Returns the
/// exit status. Throws UsageError, which is livecca.Error there.
int run(const Command& command, const nb::typed<nb::dict, nb::str, nb::any>& values) {
  for (const Option& option : command.options) {
    const nb::str name(option.name.c_str());
    if (values.contains(name)) option.take(nb::cast<std::vector<std::string>>(values[name]));
  }
  command.check();
  PythonStream out("stdout");
  PythonStream err("stderr");
  err << std::unitbuf;  // as std::cerr: nobody flushes a line for people
  const WithoutLock unlocked;
  return tool::run_command(command, out, err);
}

}  // namespace

void bind_program(nb::module_& module) {
  nb::class_<Option>(module, "ProgramOption")
      .def_ro("name", &Option::name)
      .def_ro("value_name", &Option::value_name)
      .def_ro("help", &Option::help)
      .def_prop_ro("values", [](const Option& option) { return name_of(option.values); })
      .def_ro("is_required", &Option::is_required)
      .def_ro("excludes", &Option::excludes)
      .def_prop_ro("is_positional", &Option::is_positional);
  nb::class_<Command>(module, "ProgramCommand")
      .def_ro("name", &Command::name)
      .def_ro("summary", &Command::summary)
      .def_ro("details", &Command::details)
      .def_ro("options", &Command::options)
      .def("run", &run);
  module.attr("program_summary") = tool::program_summary;
  module.def("program_commands", &tool::commands);
}

}  // namespace livecca::python
