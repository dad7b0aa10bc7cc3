#pragma once

#include <string>

#include "common/enum_names.hpp"
#include "livecca/common/error.hpp"

namespace livecca::python {

/// The enumerator of this name. Throws Error with the names that there are.
template <NamedEnum Enum>
Enum enum_of(const std::string& option, const std::string& name) {
  if (const auto value = enum_named<Enum>(name)) return *value;
  throw Error(option + ": expected " + enum_names<Enum>() + ", got '" + name + "'");
}

}  // namespace livecca::python
