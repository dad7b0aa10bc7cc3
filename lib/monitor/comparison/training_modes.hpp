#pragma once

#include <map>
#include <string>

namespace livecca {

/// Whether networks ran in training mode, by name: of those that a step was told of.
using TrainingModes = std::map<std::string, bool>;

}  // namespace livecca
